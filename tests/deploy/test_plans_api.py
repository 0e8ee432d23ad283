"""Plans and redrive jobs over the admin interface, on a store on disk."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.deploy import verbs
from tests.deploy.living import ANSWERS, Living, event, living

PLANS = "/dead-letters/plans"
EVERYTHING = {"verb": "redrive", "where": "TRUE"}


@pytest.fixture
async def headrace(tmp_path: Path) -> AsyncIterator[Living]:
    """Three refused events of a trigger, whose sink would take them now."""
    async with living(tmp_path) as one:
        await one.publish(*(event(n, "refused", b'{"n": %d}' % n) for n in (1, 2, 3)))
        await one.rest()
        one.subscriber.answers[b"refused"] = ANSWERS[b"taken"]
        yield one


async def asked(headrace: Living, path: str, **body: Any) -> tuple[int, Any]:
    return await verbs.verb(headrace, path, body)


async def planned(headrace: Living, **body: Any) -> Any:
    status, plan = await asked(headrace, PLANS, **{**EVERYTHING, **body})
    assert status == 200, plan
    return plan


async def letter_of(headrace: Living, event_id: str) -> Any:
    where = quote(f"id = '{event_id}'")
    (found,) = (await headrace.get(f"/api/v1/dead-letters?where={where}")).json["items"]
    return found


async def ended(headrace: Living, job: str) -> Any:
    async with asyncio.timeout(60):
        while True:
            found = (await headrace.get(f"/api/v1/redrive-jobs/{job}")).json
            if found["ended_at"] is not None:
                return found
            await asyncio.sleep(0.02)


async def test_a_plan_shows_what_it_is_about_and_stays(headrace: Living) -> None:
    plan = await planned(headrace, where="data('/n') > 1")

    shown = (await headrace.get(f"/api/v1{PLANS}/{plan['id']}")).json

    assert shown == plan
    assert (plan["count"], plan["by_reason"], plan["seconds"]) == (2, {"refused": 2}, 0.04)
    assert [(one["status"], one["count"]) for one in plan["by_group"]] == [(422, 2)]
    assert {one["code"]: one["message"] for one in plan["warnings"]} == {
        "sink-failing": "the sink answered 422: no such order 17"
    }


async def test_acting_redrives_what_the_plan_names_once(headrace: Living) -> None:
    plan = await planned(headrace, where="data('/n') > 1")
    seen = len(headrace.subscriber.seen)

    _, first = await asked(headrace, f"{PLANS}/{plan['id']}/act", reason="mended")
    job = await ended(headrace, plan["id"])
    _, again = await asked(headrace, f"{PLANS}/{plan['id']}/act", reason="mended")

    assert (first["is_new"], again["is_new"], again["job"]) == (True, False, job)
    assert (job["state"], job["tally"]["delivered"], job["left"]) == ("done", 2, 0)
    assert sorted(headrace.subscriber.seen[seen:]) == ["2", "3"]
    listed = (await headrace.get("/api/v1/redrive-jobs")).json
    assert listed == {"items": [job], "next": None}


async def test_a_letter_says_the_job_that_it_is_under_way_in(headrace: Living) -> None:
    headrace.subscriber.answers[b"refused"] = ANSWERS[b"busy"]
    plan = await planned(headrace, where="data('/n') = 2")
    letter, other = [await letter_of(headrace, one) for one in ("2", "3")]
    before = (await headrace.get(f"/api/v1/dead-letters/{letter['id']}")).json["job"]

    async def is_sent() -> bool:
        return bool((await letter_of(headrace, "2"))["state"] == "redriving")

    await asked(headrace, f"{PLANS}/{plan['id']}/act", canary=0)
    await verbs.until(headrace, is_sent)
    jobs = [
        (await headrace.get(f"/api/v1/dead-letters/{one['id']}{path}")).json["job"]
        for one, path in ((letter, ""), (letter, "/why"), (other, ""))
    ]

    assert (before, jobs) == (None, [plan["id"], plan["id"], None])


async def test_what_fails_again_is_listed(headrace: Living) -> None:
    headrace.subscriber.answers[b"refused"] = ANSWERS[b"refused"]
    plan = await planned(headrace)

    await asked(headrace, f"{PLANS}/{plan['id']}/act")
    job = await ended(headrace, plan["id"])
    first = (await headrace.get(f"/api/v1/redrive-jobs/{plan['id']}/failed?limit=2")).json
    path = f"/api/v1/redrive-jobs/{plan['id']}/failed?cursor={first['next']}"
    rest = (await headrace.get(path)).json

    assert job["failed_by_group"] == [{"group": plan["by_group"][0]["group"], "count": 3}]
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)


async def test_a_discard_takes_the_count_and_a_reason(headrace: Living) -> None:
    plan = await planned(headrace, verb="discard")
    act = f"{PLANS}/{plan['id']}/act"

    refused = [
        await asked(headrace, act, reason="tests"),
        await asked(headrace, act, count=3),
        await asked(headrace, act, count=2, reason="tests"),
        await asked(headrace, act, count=3, rate=5.0, reason="tests"),
    ]
    status, done = await asked(headrace, act, count=3, reason="tests")

    assert [one[0] for one in refused] == [400, 400, 409, 400]
    assert (status, done["plan"]["outcome"]) == (200, {"moved": 3, "refused": {}})


async def test_a_group_can_be_discarded_and_restored(headrace: Living) -> None:
    (group,) = (await headrace.get("/api/v1/dead-letter-groups")).json["items"]
    states = "/api/v1/dead-letters?where=" + quote("state = 'dead'")

    binned = await planned(headrace, verb="discard", where=None, group=group["id"])
    await asked(headrace, f"{PLANS}/{binned['id']}/act", count=3, reason="tests")
    left = (await headrace.get(states)).json["items"]
    back = await planned(headrace, verb="restore", where=None, group=group["id"])
    await asked(headrace, f"{PLANS}/{back['id']}/act")

    assert (binned["count"], left, back["count"]) == (3, [], 3)
    assert len((await headrace.get(states)).json["items"]) == 3


async def test_a_job_is_paused_resumed_and_cancelled(headrace: Living) -> None:
    plan = await planned(headrace)
    path = f"/redrive-jobs/{plan['id']}"

    async def has_begun() -> bool:
        return bool((await headrace.get(f"/api/v1{path}")).json["left"] == 2)

    await asked(headrace, f"{PLANS}/{plan['id']}/act", rate=0.01)
    await verbs.until(headrace, has_begun)

    states = [
        (await asked(headrace, f"{path}/{verb}", reason="why"))[1]["state"]
        for verb in ("pause", "resume", "cancel")
    ]
    job = await ended(headrace, plan["id"])
    late, _ = await asked(headrace, f"{path}/resume")

    assert states == ["paused", "running", "cancelled"]
    assert (job["why"], late) == ("why", 409)
    assert job["left"] >= 1  # one may go with the resume


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"verb": "redrive"}, "bad-parameter"),
        ({"verb": "redrive", "where": "TRUE", "group": "g"}, "bad-parameter"),
        ({"verb": "edit", "where": "TRUE"}, "bad-parameter"),
        ({"verb": "redrive", "where": "reason = "}, "cesql-parse"),
        ({"verb": "redrive", "where": "TRUE", "rate": 0}, "bad-parameter"),
        ({"verb": "redrive", "where": "TRUE", "broker": "nobody"}, "not-found"),
    ],
)
async def test_plans_that_make_no_sense_are_refused(
    headrace: Living, body: dict[str, Any], code: str
) -> None:
    _, told = await asked(headrace, PLANS, **body)

    assert told["code"] == code


async def test_what_is_not_there_is_not_found(headrace: Living) -> None:
    plan, _ = await asked(headrace, f"{PLANS}/nobody/act")
    job = (await headrace.get("/api/v1/redrive-jobs/nobody")).status

    assert (plan, job) == (404, 404)
