"""Redrives to another sink and to a broker over the admin interface, on a store on disk."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from broker.errors import Invalid
from deploy.config.broker_spec import Configuration
from tests.deploy import verbs
from tests.deploy.living import ANSWERS, BROKER, TRIGGER, Living, event, living

PLANS = "/dead-letters/plans"
API = "/api/v1"
REST = """---
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: second}
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: everybody}
spec:
  broker: second
  subscriber: {uri: "${env:SUBSCRIBER}"}
---
apiVersion: headrace.dev/v1
kind: FileSink
metadata: {name: archive}
spec: {path: FOLDER/archive.ndjson}
---
apiVersion: headrace.dev/v1
kind: InferenceSink
metadata: {name: iris}
spec: {protocol: onnx, url: "file:MODEL"}
"""
MODEL = Path(__file__).resolve().parents[2] / "deploy" / "examples" / "iris.onnx"


def text(folder: Path) -> str:
    return (
        BROKER + "---" + TRIGGER + REST.replace("FOLDER", str(folder)).replace("MODEL", str(MODEL))
    )


@pytest.fixture
async def headrace(tmp_path: Path) -> AsyncIterator[Living]:
    """Three refused events of trigger orders; `archive` is a sink of no trigger."""
    async with living(tmp_path, text(tmp_path)) as one:
        await one.publish(*(event(n, "refused", b'{"n": %d}' % n) for n in (1, 2, 3)))
        await one.rest()
        yield one


async def planned(headrace: Living, **body: Any) -> tuple[int, Any]:
    asked = {"verb": "redrive", "where": "TRUE", "broker": "default/default", **body}
    return await verbs.verb(headrace, PLANS, asked)


async def redriven(headrace: Living, **body: Any) -> Any:
    """The job of a plan of all, once it has ended."""
    status, plan = await planned(headrace, **body)
    assert status == 200, plan
    await verbs.verb(headrace, f"{PLANS}/{plan['id']}/act", {"reason": "tests"})
    path = f"{API}/redrive-jobs/{plan['id']}"

    async def has_ended() -> bool:
        return (await headrace.get(path)).json["ended_at"] is not None

    await verbs.until(headrace, has_ended)
    return (await headrace.get(path)).json


async def letters(headrace: Living) -> list[Any]:
    found = (await headrace.get(f"{API}/dead-letters?broker=default/default")).json["items"]
    return [(await headrace.get(f"{API}/dead-letters/{one['id']}")).json for one in found]


async def test_a_sink_of_no_trigger_takes_them(headrace: Living, tmp_path: Path) -> None:
    job = await redriven(headrace, to_sink="archive")

    lines = (tmp_path / "archive.ndjson").read_text().splitlines()
    assert (job["state"], job["to_sink"]) == ("done", "default/archive")
    assert sorted(json.loads(line)["id"] for line in lines) == ["1", "2", "3"]
    assert {one["state"] for one in await letters(headrace)} == {"delivered"}
    assert "archive" in (await letters(headrace))[0]["moved"]["message"]


async def test_a_model_of_no_trigger_takes_them_and_its_reply_is_stored(headrace: Living) -> None:
    await headrace.publish(event("iris", "refused", b"[[5.1, 3.5, 1.4, 0.2]]"))
    await headrace.rest()

    job = await redriven(headrace, where="ce.id = 'iris'", to_sink="iris")

    found = (await headrace.get(f"{API}/events?broker=default/default")).json["items"]
    assert (job["state"], job["tally"]["delivered"]) == ("done", 1)
    own = [one for one in found if not one["type"].startswith("dev.headrace.system.")]
    assert len(own) == 5, "four were published, and one is a reply"


async def test_where_it_can_go_is_listed_also_what_nothing_delivers_to(headrace: Living) -> None:
    places = (await headrace.get(f"{API}/dead-letters/targets")).json

    assert places == {
        "sinks": ["default/archive", "default/iris"],
        "brokers": ["default/default", "default/second"],
    }


async def test_a_url_takes_them_where_their_broker_may_reach_it(tmp_path: Path) -> None:
    allowing = BROKER.rstrip() + '\nspec: {egress: {allow: ["127.0.0.1"]}}\n'
    async with living(tmp_path, text(tmp_path).replace(BROKER, allowing)) as headrace:
        await headrace.publish(event(1, "refused"))
        await headrace.rest()
        url = f"http://{headrace.process.ingress}/default/second"

        job = await redriven(headrace, to_sink=url)

        page = (await headrace.get(f"{API}/events?broker=default/second")).json["items"]
        assert (job["state"], job["to_sink"]) == ("done", url)
        assert "1" in [one["id"] for one in page]
        assert (await letters(headrace))[0]["moved"]["message"].endswith(url)


async def test_the_plan_says_where_they_go_and_that_the_kind_is_another(headrace: Living) -> None:
    _, plan = await planned(headrace, toSink="default/archive")

    said = {one["code"]: one["text"] for one in plan["warnings"]}
    assert (plan["to_sink"], plan["to_broker"]) == ("default/archive", None)
    assert "default/archive is of the kind FileSink" in said["sink-kind"]


async def test_all_triggers_of_a_broker_get_them_again(headrace: Living) -> None:
    headrace.subscriber.answers[b"refused"] = ANSWERS[b"taken"]
    seen = len(headrace.subscriber.seen)

    job = await redriven(headrace, to_broker="second")
    await headrace.rest("default/everybody")

    page = (await headrace.get(f"{API}/events?broker=default/second")).json["items"]
    assert (job["tally"]["delivered"], job["to_broker"]) == (3, "default/second")
    assert sorted(headrace.subscriber.seen[seen:]) == ["1", "2", "3"]
    offsets = sorted(one["offset"] for one in page)
    said = sorted(one["moved"]["message"] for one in await letters(headrace))
    assert said == [
        f"published to default/second by redrive {job['id']} as offset {offset}"
        for offset in offsets
    ]


async def test_a_point_is_the_broker_that_they_are_of(headrace: Living) -> None:
    _, plan = await planned(headrace, toBroker=".")

    assert plan["to_broker"] == "default/default"
    assert plan["warnings"][0]["text"].startswith("every trigger of default/default that matches")


async def test_the_audit_names_where_they_went(headrace: Living) -> None:
    job = await redriven(headrace, to_sink="archive")

    rows = (await headrace.get(f"{API}/audit")).json["items"]
    told = next(row for row in rows if row["verb"] == "redrive")
    assert told["detail"] == f"plan {job['id']} to sink default/archive"


async def test_why_of_the_event_says_who_took_it(headrace: Living) -> None:
    await redriven(headrace, to_sink="archive")

    story = (await headrace.get(f"{API}/events/1/why?broker=default/default")).json

    assert "delivered to" in json.dumps(story)


@pytest.mark.parametrize(
    ("body", "code", "remedy"),
    [
        ({"to_sink": "archiv"}, "unknown-sink", "default/archive"),
        ({"to_broker": "third"}, "unknown-broker", "default/second"),
        ({"to_sink": "http://127.0.0.1:9000/"}, "sink-unreachable", "egress.allow"),
        ({"to_sink": "ftp://example.com/"}, "invalid-url", "http"),
        ({"to_sink": "https://a:b@example.com/"}, "invalid-url", ""),
        ({"to_sink": "https://example.com/?token=1"}, "secret-url", "and name that"),
        ({"to_sink": "archive", "to_broker": "."}, "bad-parameter", "leave out one"),
        ({"verb": "discard", "to_sink": "archive"}, "bad-parameter", ""),
    ],
    ids=["sink", "broker", "private", "scheme", "user", "token", "both", "discard"],
)
async def test_what_is_not_there_is_refused_with_what_there_is(
    headrace: Living, body: dict[str, Any], code: str, remedy: str
) -> None:
    status, told = await planned(headrace, **body)

    assert (status >= 400, told["code"]) == (True, code)
    assert remedy in (told.get("remedy") or "")


async def test_a_canary_of_what_is_published_is_refused(headrace: Living) -> None:
    _, plan = await planned(headrace, to_broker=".")

    status, told = await verbs.verb(headrace, f"{PLANS}/{plan['id']}/act", {"canary": 1})

    assert (status, told["code"]) == (400, "bad-canary")


async def test_plans_are_listed_the_latest_first(headrace: Living) -> None:
    made = [(await planned(headrace, where=where))[1] for where in ("TRUE", "status = 422")]

    first = (await headrace.get(f"{API}/dead-letters/plans?limit=1")).json
    rest = (await headrace.get(f"{API}/dead-letters/plans?cursor={first['next']}")).json

    assert [first["items"], rest["items"]] == [[made[1]], [made[0]]]


async def test_a_sink_that_a_reload_takes_away_while_a_plan_is_made_is_unknown(
    headrace: Living,
) -> None:
    running = headrace.process.running
    reach = running.brokers["default/default"].partition.reach
    assert reach is not None
    running.configuration = Configuration({})

    with pytest.raises(Invalid, match="no sink default/archive"):
        reach.facts_of("default/archive", ["default/orders"])
