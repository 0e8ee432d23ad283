"""Groups of dead letters over the admin interface."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.deploy import verbs
from tests.deploy.living import Living, event, living

GROUPS = "/api/v1/dead-letter-groups"


@pytest.fixture
async def headrace(tmp_path: Path) -> AsyncIterator[Living]:
    """One group of three refused events."""
    async with living(tmp_path) as one:
        await one.publish(*(event(n, "refused") for n in (1, 2, 3)))
        await one.rest()
        yield one


async def groups(headrace: Living, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await headrace.get(f"{GROUPS}{query}")).json["items"]
    return found


async def act(headrace: Living, verb: str, **body: Any) -> tuple[int, Any]:
    (group,) = await groups(headrace)
    return await verbs.verb(headrace, f"/dead-letter-groups/{group['id']}/{verb}", body)


async def test_a_group_is_shown_with_its_share_and_its_last_day(headrace: Living) -> None:
    (group,) = await groups(headrace)

    assert (group["count"], group["share"], group["state"]) == (3, 1.0, "open")
    assert (len(group["hourly"]), sum(group["hourly"])) == (24, 3)
    assert (await headrace.get(f"{GROUPS}/{group['id']}")).json == group


async def test_what_is_said_of_a_group_is_shown_and_kept_in_the_audit(headrace: Living) -> None:
    status, said = await act(headrace, "resolve", note="rolled back", owner="ann", reason="fixed")

    (group,) = await groups(headrace)
    (written,) = (await headrace.get("/api/v1/audit?limit=1")).json["items"]

    assert (status, said) == (200, group)
    assert (group["state"], group["note"], group["owner"]) == ("resolved", "rolled back", "ann")
    assert (written["verb"], written["detail"], written["reason"]) == (
        "group.resolve",
        group["id"],
        "fixed",
    )


async def test_a_resolved_group_says_that_it_has_regressed(headrace: Living) -> None:
    await act(headrace, "resolve")

    await headrace.publish(event(4, "refused"))
    await headrace.rest()

    (group,) = await groups(headrace)
    assert (group["state"], group["is_regressed"]) == ("open", True)


async def test_groups_are_listed_by_state(headrace: Living) -> None:
    await act(headrace, "ignore")

    assert len(await groups(headrace, "?state=ignored")) == 1
    assert await groups(headrace, "?state=open") == []
    assert (await headrace.get(f"{GROUPS}?state=none")).status == 400


@pytest.mark.parametrize(
    ("verb", "body"),
    [("note", {}), ("note", {"note": "x" * 4001}), ("resolve", {"owner": 7}), ("open", {})],
)
async def test_what_makes_no_sense_is_refused(
    headrace: Living, verb: str, body: dict[str, Any]
) -> None:
    status, _ = await act(headrace, verb, **body)

    assert status in (400, 404)


async def test_a_group_that_there_is_not_is_not_found(headrace: Living) -> None:
    status, told = await verbs.verb(headrace, "/dead-letter-groups/none/resolve", {})

    assert (status, told["code"]) == (404, "not-found")
    assert (await headrace.get(f"{GROUPS}/none")).status == 404


async def test_the_first_failure_of_a_group_is_told_in_the_log(headrace: Living) -> None:
    types: list[str] = []
    while "dev.headrace.system.deadletter.opened" not in types:
        found = await headrace.get("/api/v1/events?wait_seconds=5&after=3")
        types = [item["type"] for item in found.json["items"]]

    assert types == ["dev.headrace.system.deadletter.opened"]
