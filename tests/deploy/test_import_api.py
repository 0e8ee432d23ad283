"""Lines of an export looked at, and then published again, over the admin interface."""

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.deploy import verbs
from tests.deploy.living import Living, event, living

IMPORTS = "/dead-letters/imports"
LINES = tuple(
    json.dumps({"event": {"specversion": "1.0", "id": str(one), "source": "/s", "type": "taken"}})
    for one in range(4)
)


@pytest.fixture
async def headrace(tmp_path: Path) -> AsyncIterator[Living]:
    """Where one event was delivered, 0, and one is dead, 1."""
    async with living(tmp_path) as one:
        await one.publish(event(0), event(1, "refused"))
        await one.rest()
        yield one


async def looked(headrace: Living, lines: Sequence[str], **more: Any) -> tuple[int, Any]:
    return await verbs.verb(headrace, IMPORTS, {"lines": list(lines), **more})


async def acted(headrace: Living, plan: str, lines: Sequence[str], **more: Any) -> tuple[int, Any]:
    return await verbs.verb(headrace, f"{IMPORTS}/{plan}/act", {"lines": list(lines), **more})


async def seen(headrace: Living) -> list[str]:
    await headrace.rest()
    return sorted(headrace.subscriber.seen)


async def test_a_look_says_what_the_lines_come_to_and_publishes_nothing(headrace: Living) -> None:
    status, plan = await looked(headrace, [LINES[0], "{", LINES[2]])

    assert (status, plan["lines"], plan["events"], plan["refused"]) == (200, 3, 2, 1)
    assert (plan["by_type"], plan["broker"]) == ({"taken": 2}, "default/default")
    assert [(one["line"], one["code"]) for one in plan["mistakes"]] == [(2, "invalid-json")]
    assert await seen(headrace) == ["0", "1"]


async def test_a_look_says_what_is_on_the_desk_and_in_the_log_already(headrace: Living) -> None:
    _, known = await looked(headrace, LINES[:2])
    _, new = await looked(headrace, LINES[2:])

    warnings = {one["code"]: one["text"] for one in known["warnings"]}
    assert "of these events that are on the desk: 1;" in warnings["still-dead"]
    assert warnings["in-log"].startswith("of 2 that were looked for, 2 are in the log")
    assert new["warnings"] == []


async def test_acting_publishes_what_was_looked_at_once(headrace: Living) -> None:
    _, plan = await looked(headrace, LINES[2:])

    status, first = await acted(headrace, plan["id"], LINES[2:], reason="moved")
    _, again = await acted(headrace, plan["id"], LINES[2:], reason="moved")
    acts = (await headrace.get("/api/v1/audit?limit=10")).json["items"]

    assert (status, first["is_new"], first["plan"]["published"]) == (200, True, 2)
    assert again == {**first, "is_new": False, "plan": again["plan"]}
    assert again["plan"]["published"] == 2
    assert await seen(headrace) == ["0", "1", "2", "3"]
    told = [(act["detail"], act["count"], act["reason"]) for act in acts if act["verb"] == "import"]
    assert told == [(f"plan {plan['id']}", 2, "moved")]


async def test_the_same_file_is_known_as_a_repeat_however_it_is_sliced(headrace: Living) -> None:
    _, whole = await looked(headrace, [*LINES[2:], "\n"])
    await acted(headrace, whole["id"], [*LINES[2:], "\n"])

    _, plan = await looked(headrace, LINES[2:3])
    await looked(headrace, LINES[3:], first_line=2, plan=plan["id"])
    told = [
        (await acted(headrace, plan["id"], LINES[2:3]))[1],
        (await acted(headrace, plan["id"], LINES[3:], first_line=2))[1],
    ]

    plan = told[1]["plan"]
    assert [one["code"] for one in plan["warnings"]] == ["repeat"]
    assert [one["is_duplicate"] for one in told] == [True, True]
    assert (told[1]["plan"]["published"], told[1]["plan"]["known"]) == (2, 2)
    assert await seen(headrace) == ["0", "1", "2", "3"]


async def test_nothing_is_published_that_was_not_looked_at(headrace: Living) -> None:
    _, plan = await looked(headrace, LINES[2:3])

    changed = await acted(headrace, plan["id"], LINES[3:])
    elsewhere = await acted(headrace, plan["id"], LINES[2:3], first_line=2)
    nobody = await acted(headrace, "nobody", LINES[2:3])

    assert (changed[0], changed[1]["code"]) == (409, "lines-differ")
    assert (elsewhere[0], nobody[0]) == (409, 404)
    assert await seen(headrace) == ["0", "1"]


async def test_slices_are_looked_at_in_their_order_and_none_twice(headrace: Living) -> None:
    _, plan = await looked(headrace, LINES[:2])
    more = {"plan": plan["id"], "first_line": 3}

    _, both = await looked(headrace, LINES[2:], **more)
    _, again = await looked(headrace, LINES[2:], **more)
    gap = await looked(headrace, LINES[2:], plan=plan["id"], first_line=7)
    shown = (await headrace.get(f"/api/v1{IMPORTS}/{plan['id']}")).json

    assert both["events"] == again["events"] == shown["events"] == 4
    assert (gap[0], gap[1]["code"]) == (409, "lines-missing")
    assert "is 5, not 7" in gap[1]["detail"]


async def test_no_lines_are_added_once_it_is_being_published(headrace: Living) -> None:
    _, plan = await looked(headrace, LINES[2:3])
    await acted(headrace, plan["id"], LINES[2:3])

    late = await looked(headrace, LINES[3:], plan=plan["id"], first_line=2)

    assert (late[0], late[1]["code"]) == (409, "plan-acted")


@pytest.mark.parametrize(
    "wrong",
    [{"lines": []}, {"plan": "A/b"}, {"first_line": 0}, {"lines": ["{}"] * 501}, {"name": "x"}],
)
async def test_what_makes_no_sense_is_refused(headrace: Living, wrong: dict[str, Any]) -> None:
    status, _ = await verbs.verb(headrace, IMPORTS, {"lines": ["{}"], **wrong})

    assert status == 400
