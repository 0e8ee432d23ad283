"""`GET /api/v1/events/ID/why` and `POST /api/v1/explain` of a whole headrace."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import Request as Asking
from urllib.request import urlopen

import pytest

from broker.delivery import Attempt
from broker.event import StoredEvent
from deploy.admin.hiding import hide
from deploy.admin.story_view import in_words, story_view
from deploy.admin.views import event_detail
from tests.deploy.living import BROKER, TRIGGER, Living, event, living
from triggers.filters.explanation import explain
from triggers.story import Chapter, Story, Where
from triggers.story.facts import Verdict

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PICKY = """
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: picky}
spec:
  broker: default
  filters: [{exact: {type: nothing.like.it}}]
  subscriber: {uri: "${env:SUBSCRIBER}"}
"""


@pytest.fixture
async def headrace(tmp_path: Path) -> AsyncIterator[Living]:
    async with living(tmp_path, f"{BROKER}---{TRIGGER}---{PICKY}") as one:
        yield one


async def why(headrace: Living, id: str, query: str = "") -> Any:
    got = await headrace.get(f"/api/v1/events/{id}/why{query}")
    assert got.status == 200, got.body
    return got.json


async def test_a_delivered_event_says_who_matched_and_who_did_not(headrace: Living) -> None:
    await headrace.publish(event("a"))
    await headrace.rest()

    told = await why(headrace, "a")

    assert (told["event"]["offset"], told["event"]["principal"]) == (1, "anonymous")
    (chapter,) = told["triggers"]
    assert (chapter["trigger"], chapter["where"]) == ("default/orders", "delivered")
    assert chapter["revision"] == 1
    (refusal,) = told["not_matched"]
    assert refusal["trigger"] == "default/picky"
    assert refusal["clause"]["asks"] == "type is 'nothing.like.it'"
    assert refusal["clause"]["seen"] == {"type": "taken"}


async def test_a_parked_event_says_when_its_next_attempt_is_due(headrace: Living) -> None:
    await headrace.publish(event("a", "busy"))
    await headrace.rest()

    (chapter,) = (await why(headrace, "a"))["triggers"]

    assert (chapter["where"], chapter["attempt"]) == ("parked", 2)
    assert chapter["due_at"] is not None
    (attempt,) = chapter["attempts"]
    assert (attempt["status"], attempt["body"]) == (503, "come back later")


async def test_a_dead_event_names_its_dead_letter(headrace: Living) -> None:
    await headrace.publish(event("a", "refused"))
    await headrace.rest()

    (chapter,) = (await why(headrace, "a"))["triggers"]
    letter = await headrace.get(f"/api/v1/dead-letters/{chapter['dead_letter']}")

    assert (chapter["where"], letter.status) == ("dead", 200)
    assert [one["status"] for one in chapter["attempts"]] == [422]


async def test_of_events_with_one_id_the_offset_chooses(headrace: Living) -> None:
    await headrace.publish(event("a"), event("a", "other"))

    newest = await why(headrace, "a")
    first = await why(headrace, "-", "?offset=1")

    assert (newest["event"]["offset"], newest["same_id"][0]["offset"]) == (2, 1)
    assert first["event"]["offset"] == 1


async def test_an_id_that_ends_in_why_can_still_be_shown(headrace: Living) -> None:
    await headrace.publish(event("a/why"))

    got = await headrace.get("/api/v1/events/a%2Fwhy")
    story = await why(headrace, "a%2Fwhy")

    assert got.json["items"][0]["id"] == "a/why"
    assert story["event"]["id"] == "a/why"


async def test_nobody_is_told_about_an_event_that_is_not_there(headrace: Living) -> None:
    answers = [
        await headrace.get(f"/api/v1/events/{path}")
        for path in ("x/why", "-/why?offset=7", "x/why?source=/s")
    ]

    assert [(got.status, got.json["code"]) for got in answers] == [(404, "not-found")] * 3


def ask_why_not(url: str, body: Any) -> Any:
    asking = Asking(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urlopen(asking, timeout=60) as answer:
        return json.loads(answer.read())


async def explained(headrace: Living, **question: Any) -> Any:
    sample = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
    url = f"http://{headrace.process.admin}/api/v1/explain"
    return await asyncio.to_thread(ask_why_not, url, {"event": sample, **question})


async def test_a_trigger_is_explained_by_its_present_revision(headrace: Living) -> None:
    told = await explained(headrace, trigger="picky")

    assert (told["trigger"], told["revision"], told["matched"]) == ("default/picky", 1, False)
    assert told["deciding"]["path"] == "filters[0].exact.type"


async def test_all_triggers_are_asked_page_by_page(headrace: Living) -> None:
    first = await explained(headrace, limit=1)
    second = await explained(headrace, limit=1, cursor=first["next"])

    matches = {
        item["trigger"]: item["matched"] for page in (first, second) for item in page["items"]
    }
    assert matches == {"default/orders": True, "default/picky": False}
    assert second["next"] is None


def test_without_the_right_to_payloads_neither_data_nor_answers_are_shown() -> None:
    stored = StoredEvent(1, event("a", data=b'{"secret": 1}'), NOON)
    attempt = Attempt(
        1, NOON, 0.1, "bad_input", 422, "no", body=b"secret", headers=(("x", "secret"),)
    )
    verdict = Verdict("default/t", 1, matched=True, deciding=None)
    chapter = Chapter(verdict, Where.DEAD, "dead", attempts=(attempt,))
    story = Story(stored, (), (chapter,), 1, (), 0, (), (), is_cut=False)

    told = {"event": event_detail("default/b", stored), **story_view(story)}
    hidden = hide(told)

    assert str(told).count("secret") == 3
    assert "secret" not in str(hidden)
    assert hidden["event"]["data_hidden"]
    assert hidden["triggers"][0]["attempts"][0]["data_hidden"]


def test_clauses_that_share_the_decision_are_told_in_one_line() -> None:
    filters: list[Any] = [
        {"exact": {"type": "a"}},
        {"any": [{"prefix": {"source": "/"}}, {"suffix": {"id": "x"}}]},
    ]

    root = explain(filters, None, event("1", "a")).root

    assert in_words(root) == (
        "all of: type is 'a'; any of: source begins with '/'; id ends with 'x'"
    )
