"""The admin listener: what each listing says."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import Request

from broker.clock import SteadyClock
from broker.event import Event
from broker.intake import Intake
from broker.retention import Retention, RetentionLimits
from broker.storage.memory.engine import MemoryEngine
from broker.telemetry import Telemetry
from deploy.admin.access import LOCAL
from deploy.admin.app import create_app
from deploy.admin.events import events
from deploy.admin.log_pages import PAGE_BYTES_MAX
from deploy.config.broker_spec import BrokerSpec
from deploy.running import Running, RunningBroker
from tests.deploy.living import BROKER, TRIGGER, Living, event, living
from triggers.budget import Budget
from triggers.partition import Partition
from triggers.pool import Pool

OTHER = BROKER.replace("default}", "other}")


@pytest.fixture
async def headrace(tmp_path: Path) -> AsyncIterator[Living]:
    async with living(tmp_path) as one:
        yield one


async def listed(headrace: Living, path: str) -> Any:
    """The only item of a listing."""
    got = await headrace.get(f"/api/v1/{path}")
    assert (got.status, got.json["next"]) == (200, None)
    (item,) = got.json["items"]
    return item


async def test_a_broker_is_shown_with_its_sums(headrace: Living) -> None:
    await headrace.publish(event(1), event(2, "refused"))
    await headrace.rest()
    await headrace.post(event(1))

    item = await listed(headrace, "brokers")

    assert set(item) == {
        "name", "state", "failure", "events", "log_bytes", "file_bytes", "backlog",
        "oldest_stored_at", "accepted", "duplicates", "refused", "dead_letters", "rates",
    }  # fmt: skip
    told = 1  # of the first failure of its kind
    assert (item["name"], item["state"], item["events"]) == ("default/default", "ready", 2 + told)
    assert (item["accepted"], item["duplicates"], item["dead_letters"]) == (2 + told, 1, 1)
    assert item["oldest_stored_at"].endswith("Z")


async def test_a_trigger_is_shown_with_its_state(headrace: Living) -> None:
    await headrace.publish(event(1), event(2, "refused"), event(3, "busy"))
    await headrace.rest()

    item = await listed(headrace, "triggers")

    assert set(item) == {
        "name", "broker", "state", "backlog", "oldest_stored_at", "in_flight", "parked",
        "waiting", "dead", "delivered", "matched", "sink", "sink_state", "last_error", "rates",
        "expiring_24h",
    }  # fmt: skip
    assert (item["name"], item["state"], item["backlog"]) == ("default/orders", "following", 0)
    sums = [item[name] for name in ("matched", "delivered", "dead", "parked", "waiting")]
    assert sums == [3, 1, 1, 1, 0]
    assert item["last_error"].partition(": ")[0] in ("bad_input", "transient")


async def test_one_trigger_is_shown_with_its_configuration_and_errors(headrace: Living) -> None:
    await headrace.publish(event(1, "refused"))
    await headrace.rest()

    shown = (await headrace.get("/api/v1/triggers/default/orders")).json

    assert (shown["revision"], shown["from_offset"], shown["cursor"]) == (1, 1, 1)
    assert shown["spec"]["metadata"]["name"] == "orders"
    assert shown["last_errors"]["bad_input"]["count"] == 1


async def test_a_sink_is_shown_with_those_who_use_it(headrace: Living) -> None:
    await headrace.publish(event(1, "refused"))
    await headrace.rest()

    item = await listed(headrace, "sinks")

    assert (item["state"], item["in_flight"], item["failures"]) == ("ready", 0, 1)
    assert item["triggers"] == ["default/orders"]


async def test_an_event_is_shown_with_its_bytes(headrace: Living) -> None:
    await headrace.publish(
        event("a/b ü", data=b"\xff\x00", subject="s"), event("text", data="ö".encode())
    )

    binary = await listed(headrace, f"events/{quote('a/b ü')}")
    text = await listed(headrace, "events/text")

    assert (binary["data_base64"], binary["attributes"]["subject"]) == ("/wA=", "s")
    assert (binary["offset"], binary["principal"], binary["cause"]) == (1, "anonymous", None)
    assert text["data"] == "ö"


async def test_a_dead_letter_is_shown_with_all_its_evidence(headrace: Living) -> None:
    await headrace.publish(event("lost", "refused", b"\xfe"))
    await headrace.rest()

    item = await listed(headrace, "dead-letters")
    shown = (await headrace.get(f"/api/v1/dead-letters/{item['id']}")).json

    assert set(item) >= {
        "id", "trigger", "broker", "sink", "reason", "class", "status", "attempts", "state",
        "group", "stored_at", "first_at", "dead_at", "event",
    }  # fmt: skip
    assert (item["reason"], item["status"], item["event"]["id"]) == ("refused", 422, "lost")
    (attempt,) = shown["attempts_detail"]
    assert (attempt["number"], attempt["status"], attempt["body"]) == (1, 422, "no such order 17")
    assert shown["event"]["data_base64"] == "/g=="


async def test_failures_alike_are_one_group(headrace: Living) -> None:
    await headrace.publish(*(event(n, "refused") for n in range(5)))
    await headrace.rest()

    group = await listed(headrace, "dead-letter-groups")

    assert (group["count"], group["total"], group["state"]) == (5, 5, "open")
    assert (group["trigger"], group["reason"], group["status"]) == (
        "default/orders",
        "refused",
        422,
    )


async def test_dead_letters_can_be_asked_for_by_trigger_and_reason(headrace: Living) -> None:
    await headrace.publish(event(1, "refused"))
    await headrace.rest()

    counts = [
        len((await headrace.get(f"/api/v1/dead-letters?{query}")).json["items"])
        for query in ("trigger=orders", "trigger=default/orders", "reason=refused", "reason=age")
    ]

    assert counts == [1, 1, 1, 0]


@pytest.mark.parametrize("path", ["events", "dead-letters"])
async def test_pages_show_everything_once_newest_first(headrace: Living, path: str) -> None:
    await headrace.publish(*(event(n, "refused") for n in range(47)))
    await headrace.rest()
    seen: list[int] = []
    cursor = ""

    while cursor is not None:
        page = (await headrace.get(f"/api/v1/{path}?limit=10{cursor}")).json
        events = [item.get("event", item) for item in page["items"]]
        seen += [int(one["id"]) for one in events if one["source"] == "/s"]
        cursor = f"&cursor={page['next']}" if page["next"] is not None else None  # type: ignore[assignment]

    assert sorted(seen) == list(range(47))
    assert path != "events" or seen == list(range(46, -1, -1))


async def test_events_since_a_time_are_those_stored_since(headrace: Living) -> None:
    await headrace.publish(event("before"))
    await asyncio.sleep(0.01)
    since = headrace.process.clock.now().isoformat()
    await asyncio.sleep(0.01)
    await headrace.publish(event("after"))

    got = await headrace.get(f"/api/v1/events?since={quote(since)}")

    assert ([item["id"] for item in got.json["items"]], got.json["next"]) == (["after"], None)


async def test_several_brokers_have_to_be_told_apart(tmp_path: Path) -> None:
    async with living(tmp_path, f"{BROKER}---{OTHER}---{TRIGGER}") as headrace:
        await headrace.publish(event(1), broker="default/other")

        told = (await headrace.get("/api/v1/events")).json
        items = (await headrace.get("/api/v1/events?broker=other")).json["items"]

    assert (told["status"], told["code"]) == (400, "which-broker")
    assert [item["broker"] for item in items] == ["default/other"]


async def test_it_is_alive_and_ready(headrace: Living) -> None:
    alive, ready = await headrace.get("/healthz"), await headrace.get("/readyz")

    assert [(got.status, got.body) for got in (alive, ready)] == [(200, b"ok\n")] * 2


async def test_while_draining_it_is_alive_and_not_ready(headrace: Living) -> None:
    headrace.process.running.is_draining = True

    alive, ready = await headrace.get("/healthz"), await headrace.get("/readyz")

    assert (alive.status, ready.status, ready.body) == (200, 503, b"draining\n")


async def test_with_a_store_that_has_failed_it_is_neither(headrace: Living) -> None:
    headrace.process.running.brokers["default/default"].failure = "disk I/O error"

    alive, ready = await headrace.get("/healthz"), await headrace.get("/readyz")

    assert (alive.status, ready.status) == (503, 503)
    assert b"default/default: disk I/O error" in ready.body


async def test_the_description_of_the_interface_names_every_path(headrace: Living) -> None:
    paths = (await headrace.get("/api/openapi.json")).json["paths"]

    assert set(paths) >= {
        "/api/v1/brokers", "/api/v1/triggers", "/api/v1/triggers/{namespace}/{name}",
        "/api/v1/sinks", "/api/v1/events", "/api/v1/events/{id}", "/api/v1/dead-letters",
        "/api/v1/dead-letters/{id}", "/api/v1/dead-letter-groups",
    }  # fmt: skip


async def test_a_page_beyond_the_bytes_of_a_reading_leaves_nothing_out() -> None:
    data = b"x" * (1 << 20)
    count = PAGE_BYTES_MAX // len(data) + 6
    running = await in_memory([event(n, data=data) for n in range(count)])

    page = await events(request_to(running), LOCAL, limit=1000)

    assert [int(item["id"]) for item in page["items"]] == list(range(count - 1, -1, -1))


def request_to(running: Running) -> Request:
    return Request({"type": "http", "app": create_app(running)})


async def in_memory(stored: list[Event]) -> Running:
    """A broker without a disk that has stored these."""
    clock, telemetry = SteadyClock(), Telemetry()
    engine, pool = MemoryEngine(clock), Pool(clock.monotonic)
    partition = Partition("default/b", engine, pool, Budget(), clock, lambda: 0.5, telemetry)
    await partition.open()
    intake = Intake("default/b", engine.log, clock, lambda: 0.5)
    await partition.start([], intake)
    for one in stored:
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        intake.accept([one], done.set_result)
        await done
    await partition.close()
    retention = Retention(
        engine.log, engine.desk, clock, RetentionLimits(), partition.lowest_needed
    )
    running = Running(clock, telemetry, pool)
    running.brokers["default/b"] = RunningBroker(
        BrokerSpec("default/b"), engine, partition, intake, retention
    )
    return running
