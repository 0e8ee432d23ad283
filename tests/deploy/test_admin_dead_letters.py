"""Dead letters over the admin interface: queries, verbs by id, why, and who may see what."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from broker.storage.rows import Checkpoint
from deploy.access.roles import Role
from tests.contracts.store import letter
from tests.deploy import verbs
from tests.deploy.asking import Asking, Told, make_asking
from tests.deploy.living import Living, event, living

LETTERS = "/api/v1/dead-letters"
IS_ID = "id = '{}'"


@pytest.fixture
async def headrace(tmp_path: Path) -> AsyncIterator[Living]:
    """Three refused events of a trigger."""
    async with living(tmp_path) as one:
        await one.publish(*(event(n, "refused", b'{"n": %d}' % n) for n in (1, 2, 3)))
        await one.rest()
        yield one


@pytest.fixture
async def silent(tmp_path: Path) -> AsyncIterator[Asking]:
    asking = await make_asking(tmp_path)
    yield asking
    asking.book.close()


async def found(headrace: Living, where: str) -> list[str]:
    """The ids of the events of the dead letters that a query matches, oldest first."""
    got = await headrace.get(f"{LETTERS}?where={quote(where)}")
    assert got.status == 200, got.json
    return sorted(item["event"]["id"] for item in got.json["items"])


async def letter_id(headrace: Living, event_id: str) -> str:
    got = await headrace.get(f"{LETTERS}?where={quote(IS_ID.format(event_id))}")
    (item,) = got.json["items"]
    return str(item["id"])


async def verb(headrace: Living, name: str, **body: Any) -> tuple[int, Any]:
    return await verbs.verb(headrace, f"/dead-letters/{name}", body)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("", ["1", "2", "3"]),
        ("reason = 'refused' AND trigger = 'orders'", ["1", "2", "3"]),
        ("status = 404", []),
        ("id = '2'", ["2"]),
        ("data('/n') > 1", ["2", "3"]),
        ("dead_at > ago('PT1H') AND id != '2'", ["1", "3"]),
    ],
)
async def test_a_list_shows_what_the_query_matches(
    headrace: Living, where: str, expected: list[str]
) -> None:
    assert await found(headrace, where) == expected


async def test_a_list_says_how_many_rows_it_looked_at(headrace: Living) -> None:
    target = f"{LETTERS}?limit=1&where=" + quote("data('/n') < 4")

    got = (await headrace.get(target)).json
    more = (await headrace.get(f"{target}&cursor={got['next']}")).json

    assert (got["looked"], got["of"], len(got["items"])) == (1, 3, 1)
    assert (more["looked"], len(more["items"])) == (1, 1)
    assert more["items"] != got["items"]


async def test_a_bad_query_is_refused_with_its_column(headrace: Living) -> None:
    got = await headrace.get(f"{LETTERS}?where={quote('reason = ')}")

    assert (got.status, got.json["code"]) == (400, "cesql-parse")
    assert got.json["where"] == "where, column 10"
    assert got.json["remedy"]


async def test_redriven_ones_are_delivered_and_leave_the_desk(headrace: Living) -> None:
    headrace.subscriber.answers[b"refused"] = headrace.subscriber.answers[b"taken"]
    ids = [await letter_id(headrace, one) for one in ("1", "2")]

    async def are_delivered() -> bool:
        return await found(headrace, "state = 'delivered'") == ["1", "2"]

    status, told = await verb(headrace, "redrive", ids=ids, reason="mended")
    await verbs.until(headrace, are_delivered)
    again = await verb(headrace, "redrive", ids=ids)

    assert (status, told["count"], told["refused"]) == (200, 2, [])
    assert sorted(told["moved"]) == sorted(ids)
    assert again[0] == 200
    assert [one["why"] for one in again[1]["refused"]] == ["delivered", "delivered"]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("redrive", {}),
        ("redrive", {"ids": []}),
        ("redrive", {"ids": ["a"] * 501}),
        ("redrive", {"ids": ["a'b"]}),
        ("redrive", {"ids": ["a"], "count": 1}),
        ("redrive", {"ids": ["a"], "group": "g"}),
        ("redrive", {"where": "TRUE"}),
        ("discard", {"ids": ["a"]}),
        ("discard", {"ids": ["a"], "reason": ""}),
    ],
)
async def test_a_verb_that_is_not_clear_is_refused(
    silent: Asking, name: str, body: dict[str, Any]
) -> None:
    told = await silent.ask("POST", f"{LETTERS}/{name}", body)

    assert told.status == 400, told.json


async def test_what_there_is_not_is_refused_by_its_id(silent: Asking) -> None:
    told = await silent.ask("POST", f"{LETTERS}/redrive", {"ids": ["b", "a", "b"]})

    assert told.status == 200
    assert [(one["id"], one["why"]) for one in told.json["refused"]] == [
        ("a", "unknown"),
        ("b", "unknown"),
    ]


async def test_who_did_it_is_in_the_audit(headrace: Living) -> None:
    one = await letter_id(headrace, "1")

    await verb(headrace, "discard", ids=[one], reason="sent by hand")
    (act, *_) = (await headrace.get("/api/v1/audit")).json["items"]

    assert (act["by"], act["verb"], act["detail"]) == ("local", "discard", one)
    assert (act["count"], act["reason"]) == (1, "sent by hand")


async def test_why_tells_what_matched_then_and_what_would_today(headrace: Living) -> None:
    one = await letter_id(headrace, "1")

    why = (await headrace.get(f"{LETTERS}/{one}/why")).json

    assert why["then"]["in_log"]
    assert why["then"]["principal"] == "anonymous"
    assert (why["then"]["revision"], why["then"]["filter"]["matched"]) == (1, True)
    assert (why["today"]["revision"], why["today"]["matches"]) == (1, True)
    assert [attempt["status"] for attempt in why["attempts_detail"]] == [422]


async def asked_as(asking: Asking, role: Role, target: str) -> Told:
    if asking.book.is_open:
        await asking.token("root", Role.ADMIN)
    return await asking.ask("GET", target, token=await asking.token(f"a-{role.word}", role))


async def test_who_may_not_see_data_cannot_ask_for_it(silent: Asking) -> None:
    target = f"{LETTERS}?where=" + quote("data('/n') = 1")

    hidden = await asked_as(silent, Role.VIEWER_WITHOUT_PAYLOAD, target)
    shown = await asked_as(silent, Role.VIEWER, target)

    assert (hidden.status, hidden.json["code"]) == (403, "forbidden")
    assert shown.status == 200


async def test_who_may_not_see_data_sees_neither_it_nor_the_answers(silent: Asking) -> None:
    engine = silent.running.brokers["default/b"].engine
    asked: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    await engine.log.open(lambda _: None)
    engine.log.checkpoint(Checkpoint(dead_letters=(letter("x"),)), asked.set_result)
    await asked

    hidden = await asked_as(silent, Role.VIEWER_WITHOUT_PAYLOAD, f"{LETTERS}/x")
    shown = await asked_as(silent, Role.VIEWER, f"{LETTERS}/x")

    assert hidden.json["event"]["data_hidden"]
    assert "data_base64" not in hidden.json["event"]
    assert [one["data_hidden"] for one in hidden.json["attempts_detail"]] == [True, True]
    assert not [one for one in hidden.json["attempts_detail"] if {"body", "headers"} & one.keys()]
    assert shown.json["event"]["data_base64"]
    assert [one["body"] for one in shown.json["attempts_detail"]] == ["no", "no"]
