"""Every act on dead letters asked twice: nothing new is done, and the answer is the same."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.deploy import verbs
from tests.deploy.living import ANSWERS, Living, event, living

PLANS = "/dead-letters/plans"
ACTS: dict[str, dict[str, Any]] = {
    "redrive": {"rate": 0.01, "canary": 0},
    "discard": {"count": 3, "reason": "tests"},
    "restore": {},
}


@pytest.fixture
async def headrace(tmp_path: Path) -> AsyncIterator[Living]:
    """Three refused events, of which the sink would take each now."""
    async with living(tmp_path) as one:
        await one.publish(*(event(n, "refused") for n in (1, 2, 3)))
        await one.rest()
        one.subscriber.answers[b"refused"] = ANSWERS[b"taken"]
        yield one


async def planned(headrace: Living, verb: str) -> str:
    body = {"verb": verb, "where": "TRUE"}
    status, plan = await verbs.verb(headrace, PLANS, body)
    assert (status, plan["count"]) == (200, 3), plan
    return str(plan["id"])


async def acted(headrace: Living, verb: str, plan: str) -> Any:
    status, told = await verbs.verb(headrace, f"{PLANS}/{plan}/act", ACTS[verb])
    assert status == 200, told
    return told


async def audited(headrace: Living, verb: str) -> int:
    acts = (await headrace.get("/api/v1/audit?limit=100")).json["items"]
    return sum(act["count"] for act in acts if act["verb"] == verb)


@pytest.mark.parametrize("verb", ACTS)
async def test_an_act_on_a_plan_twice_is_done_once(headrace: Living, verb: str) -> None:
    if verb == "restore":
        await acted(headrace, "discard", await planned(headrace, "discard"))
    plan = await planned(headrace, verb)

    first = await acted(headrace, verb, plan)
    seen = await audited(headrace, verb)
    again = await acted(headrace, verb, plan)

    assert (first["is_new"], again["is_new"]) == (True, False)
    assert again["plan"] == first["plan"]
    assert (again["job"] or {}).get("id") == (first["job"] or {}).get("id")
    assert await audited(headrace, verb) == seen == 3


async def test_the_same_ids_twice_are_moved_once(headrace: Living) -> None:
    items = (await headrace.get("/api/v1/dead-letters")).json["items"]
    body = {"ids": [item["id"] for item in items], "reason": "tests"}

    _, first = await verbs.verb(headrace, "/dead-letters/discard", body)
    _, again = await verbs.verb(headrace, "/dead-letters/discard", body)

    assert (first["count"], again["count"]) == (3, 0)
    assert {one["why"] for one in again["refused"]} == {"discarded"}
    assert await audited(headrace, "discard") == 3


async def test_an_edit_sent_twice_delivers_one_copy(headrace: Living) -> None:
    letter = (await headrace.get("/api/v1/dead-letters?limit=1")).json["items"][0]["id"]
    path = f"/dead-letters/{letter}/edit"
    document = (await headrace.get(f"/api/v1{path}")).json["document"] | {"subject": "mended"}
    body = {"document": document, "reason": "tests"}

    async def is_delivered() -> bool:
        return bool((await headrace.get(f"/api/v1{path}")).json["state"] == "redriven-edited")

    statuses = [(await verbs.verb(headrace, path, body))[0] for _ in range(2)]
    await verbs.until(headrace, is_delivered)

    copies = [one for one in headrace.subscriber.seen if "-edited-" in one]
    assert (statuses, len(copies)) == ([200, 409], 1)
