"""Dead letters out to a file, over the admin interface."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deploy.access.roles import Role
from tests.deploy import verbs
from tests.deploy.asking import make_asking
from tests.deploy.living import Living, event, living

EXPORT = "/api/v1/dead-letters/export"
COUNT = 230  # more than two pages


@pytest.fixture
async def headrace(tmp_path: Path) -> AsyncIterator[Living]:
    async with living(tmp_path) as one:
        await one.publish(*(event(n, "refused", b'{ "n": %d }' % n) for n in range(COUNT)))
        await one.rest()
        yield one


async def planned(headrace: Living, where: str = "TRUE") -> Any:
    body = {"verb": "export", "where": where}
    status, plan = await verbs.verb(headrace, "/dead-letters/plans", body)
    assert status == 200, plan
    return plan


async def lines(headrace: Living, where: str = "TRUE") -> list[str]:
    got = await headrace.get(f"{EXPORT}?plan={(await planned(headrace, where))['id']}")
    assert got.status == 200
    return got.body.decode().splitlines()


async def test_an_export_has_each_event_with_its_evidence(headrace: Living) -> None:
    found = [json.loads(line) for line in await lines(headrace)]

    assert sorted(int(one["event"]["id"]) for one in found) == list(range(COUNT))
    letter = found[0]["dead_letter"]
    assert (letter["reason"], letter["attempts_detail"][0]["body"]) == (
        "refused",
        "no such order 17",
    )


async def test_an_export_is_of_what_its_plan_has_shown(headrace: Living) -> None:
    plan = await planned(headrace, "id = '7' OR id = '8'")
    target = f"{EXPORT}?plan={plan['id']}"

    before = (await headrace.get(target)).body
    await headrace.publish(event(7, "refused", source="/another"))
    await headrace.rest()

    assert plan["count"] == len(before.splitlines()) == 2
    assert (await headrace.get(target)).body == before


async def test_an_export_is_in_the_audit_when_it_is_planned(headrace: Living) -> None:
    plan = await planned(headrace, "id = '7'")

    (act,) = (await headrace.get("/api/v1/audit?limit=1")).json["items"]

    assert (act["verb"], act["detail"], act["count"]) == ("export", f"plan {plan['id']}", 1)


async def test_an_export_is_an_attachment_and_no_page(headrace: Living) -> None:
    plan = (await planned(headrace))["id"]

    whole = await headrace.get(f"{EXPORT}?plan={plan}")
    headers = {name.lower(): value for name, value in whole.headers.items()}

    disposition = f'attachment; filename="dead-letters-{plan}.ndjson"'
    assert headers["content-disposition"] == disposition
    assert headers["content-type"].startswith("application/x-ndjson")
    assert headers["x-content-type-options"] == "nosniff"


async def test_a_batch_is_one_array_of_events(headrace: Living) -> None:
    plans = [(await planned(headrace, f"id = '{one}'"))["id"] for one in ("7", "x")]

    some, none = [await headrace.get(f"{EXPORT}?format=batch&plan={plan}") for plan in plans]

    assert [one["id"] for one in some.json] == ["7"]
    assert none.json == []


async def test_no_export_is_of_another_verbs_plan_and_none_is_acted_on(headrace: Living) -> None:
    body = {"verb": "redrive", "where": "id = '7'"}
    _, redrive = await verbs.verb(headrace, "/dead-letters/plans", body)
    export = (await planned(headrace))["id"]

    wrong = await headrace.get(f"{EXPORT}?plan={redrive['id']}")
    acted, told = await verbs.verb(headrace, f"/dead-letters/plans/{export}/act", {})
    nobody = await headrace.get(f"{EXPORT}?plan=nobody")

    assert (wrong.status, wrong.json["code"]) == (400, "bad-verb")
    assert (acted, told["code"], nobody.status) == (400, "bad-verb", 404)


async def test_who_sees_payload_may_plan_an_export_and_nothing_else(tmp_path: Path) -> None:
    asking = await make_asking(tmp_path)
    await asking.token("root", Role.ADMIN)
    statuses = {}
    for role in (Role.VIEWER_WITHOUT_PAYLOAD, Role.VIEWER):
        token = await asking.token(role.word, role)
        for verb in ("export", "redrive", "discard", "restore"):
            body = {"verb": verb, "where": "TRUE"}
            told = await asking.ask("POST", "/api/v1/dead-letters/plans", body, token=token)
            statuses[role.word, verb] = told.status
    await asking.close()

    assert {pair for pair, status in statuses.items() if status != 403} == {("viewer", "export")}
