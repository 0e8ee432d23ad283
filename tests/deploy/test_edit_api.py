"""Editing a dead letter, and comparing it, over the admin interface."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from broker.http_message import Answer
from tests.deploy import verbs
from tests.deploy.living import Living, event, living

LETTERS = "/api/v1/dead-letters"


@pytest.fixture
async def headrace(tmp_path: Path) -> AsyncIterator[Living]:
    """One event of the type `refused` was delivered, the next was not."""
    async with living(tmp_path) as one:
        one.subscriber.answers[b"refused"] = Answer(204)
        await one.publish(event(1, "refused", b'{"n": 1}'))
        await one.rest()
        one.subscriber.answers[b"refused"] = Answer(422)
        await one.publish(event(2, "refused", b'{"n": "2"}'))
        await one.rest()
        yield one


async def the_letter(headrace: Living) -> dict[str, Any]:
    (item,) = (await headrace.get(LETTERS)).json["items"]
    found: dict[str, Any] = item
    return found


async def edited(headrace: Living, **changes: Any) -> tuple[int, Any]:
    path = f"/dead-letters/{(await the_letter(headrace))['id']}/edit"
    document = (await headrace.get(f"/api/v1{path}")).json["document"]
    more = {name: changes.pop(name) for name in ("dry_run", "reason") if name in changes}
    body = {"document": document | changes, "reason": "mended"} | more
    return await verbs.verb(headrace, path, body)


async def test_it_is_compared_with_what_was_delivered(headrace: Living) -> None:
    letter = (await the_letter(headrace))["id"]

    told = (await headrace.get(f"{LETTERS}/{letter}/difference")).json

    assert (told["other"]["id"], told["is_complete"]) == ("1", True)
    assert told["attributes"] == [{"name": "id", "this": "2", "other": "1", "how": "changed"}]
    assert told["data"]["rows"] == [{"path": "/n", "this": '"2"', "other": "1", "how": "changed"}]


async def test_a_dry_run_shows_what_differs_and_does_nothing(headrace: Living) -> None:
    status, told = await edited(headrace, subject="mended", dry_run=True)

    assert (status, told["edited_id"], told["state"]) == (200, "2-edited-1", "dead")
    assert {"name": "subject", "this": None, "other": "mended", "how": "only-other"} in told[
        "attributes"
    ]
    assert (await the_letter(headrace))["state"] == "dead"


async def test_a_copy_that_is_taken_ends_the_dead_letter(headrace: Living) -> None:
    status, told = await edited(headrace, type="taken")
    await headrace.rest()

    async def is_done() -> bool:
        return bool((await the_letter(headrace))["state"] == "redriven-edited")

    await verbs.until(headrace, is_done)
    assert (status, told["state"], headrace.subscriber.seen[-1]) == (200, "redriving", "2-edited-1")


async def test_a_copy_that_is_refused_is_kept_for_the_next_edit(headrace: Living) -> None:
    await edited(headrace, subject="no better")
    path = f"{LETTERS}/{(await the_letter(headrace))['id']}/edit"

    async def has_failed() -> bool:
        last = (await headrace.get(path)).json["last"]
        return bool(last and last["message"])

    await verbs.until(headrace, has_failed)
    editable = (await headrace.get(path)).json
    assert (editable["state"], editable["last"]["document"]["subject"]) == ("dead", "no better")
    assert editable["last"]["document"]["id"] == "2"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": "3"}, "locked-attribute"),
        ({}, "no-change"),
        ({"subject": "x", "reason": ""}, "bad-parameter"),
        ({"subject": "\ud800"}, "invalid-json"),
        ({"time": "now"}, "bad-time"),
    ],
    ids=["id", "nothing", "no reason", "surrogate", "time"],
)
async def test_what_may_not_be_is_refused(
    headrace: Living, changes: dict[str, Any], code: str
) -> None:
    status, told = await edited(headrace, **changes)

    assert (status, told["code"]) == (400, code)
