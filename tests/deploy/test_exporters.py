"""What a scrape sees: every metric of the catalogue, and no series that input could multiply."""

import os
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broker.telemetry import METRICS
from deploy.metrics_page import PREFIX
from deploy.sources.view import Pause
from tests.deploy.living import BROKER, TRIGGER, Living, event, living
from tests.deploy.shown_fleet import MOMENT, ShownFleet, view

TYPES = 100_000 if os.environ.get("HEADRACE_LONG") else 10_000


MODEL = """
---
apiVersion: headrace.dev/v1
kind: InferenceSink
metadata: {name: iris}
spec: {protocol: v1, url: "http://127.0.0.1:59999/", model: iris, reply: {type: classified}}
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: flowers}
spec:
  filters: [{exact: {type: flower}}]
  subscriber: {ref: {kind: InferenceSink, name: iris}}
"""


@pytest.fixture
async def headrace(tmp_path: Path) -> AsyncIterator[Living]:
    async with living(tmp_path, BROKER + "---" + TRIGGER + MODEL) as one:
        running = one.process.running
        beat = view("default/beat", lag=None, connected=False, pause=Pause(MOMENT, "ci"))
        running.sources = ShownFleet(running, view(), beat)
        yield one


async def scrape(headrace: Living) -> dict[str, float]:
    """Value by series, as text: `name{label="value"}`."""
    got = await headrace.get("/metrics")
    assert got.headers["content-type"].startswith("text/plain; version=")
    lines = got.body.decode().splitlines()
    pairs = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
    return {series: float(value) for series, value in pairs}


async def test_every_metric_of_the_catalogue_is_declared_with_its_kind(headrace: Living) -> None:
    page = (await headrace.get("/metrics")).body.decode()

    declared = dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))
    assert declared == {PREFIX + metric.name: metric.kind for metric in METRICS}


async def test_nothing_is_exported_with_other_labels_than_declared(headrace: Living) -> None:
    await headrace.publish(event(1), event(2, "refused"), event(3, "busy"))
    await headrace.rest()

    series = await scrape(headrace)

    labels = {PREFIX + metric.name: set(metric.labels) for metric in METRICS}
    for one in series:
        name, _, rest = one.partition("{")
        name = re.sub(r"_(bucket|count|sum)$", "", name) if name not in labels else name
        assert set(re.findall(r'(\w+)="', rest)) - {"le"} == labels[name], one


async def test_counts_are_what_has_happened(headrace: Living) -> None:
    await headrace.publish(
        *(event(n) for n in range(5)), event("no", "refused"), event("b", "busy")
    )
    await headrace.post(event(0))
    await headrace.rest()

    series = await scrape(headrace)

    broker, trigger = 'broker="default/default"', 'trigger="default/orders"'
    wanted = {
        f"events_accepted_total{{{broker}}}": 7 + 1,  # one tells of the first failure
        f"events_duplicate_total{{{broker}}}": 1,
        f'deliveries_total{{{"outcome="}"ok",{trigger}}}': 5,
        f"backlog_events{{{trigger}}}": 0,
        f"in_flight{{{trigger}}}": 0,
        f"parked{{{trigger}}}": 1,
        f"dead_letters{{{trigger}}}": 1,
        f'dead_letters_total{{{"reason="}"refused",{trigger}}}': 1,
        f"attempt_seconds_count{{{broker}}}": 7,
        f"end_to_end_seconds_count{{{broker}}}": 5,
        f"queue_wait_seconds_count{{{broker}}}": 7,
        "log_records_dropped_total": 0,
    }
    found = {sorted_labels(one): value for one, value in series.items()}
    for name, value in wanted.items():
        assert found[sorted_labels(PREFIX + name)] == value, name


def sorted_labels(series: str) -> str:
    name, _, labels = series.partition("{")
    return f"{name}{{{','.join(sorted(labels.rstrip('}').split(',')))}}}"


async def test_a_broker_at_work_emits_every_metric(headrace: Living) -> None:
    await headrace.publish(event(1), event(2, "refused"), event(3, "busy"))
    assert await headrace.post(event(1, data=b"other")) == 409
    await headrace.rest()

    series = await scrape(headrace)

    emitted = {re.sub(r"_(bucket|count|sum)$", "", one.partition("{")[0]) for one in series}
    silent = {PREFIX + metric.name for metric in METRICS} - emitted
    assert not silent, f"{sorted(silent)}; remedy: emit it in deploy.exporters"


async def test_sizes_and_times_are_those_of_this_process(headrace: Living) -> None:
    await headrace.publish(event(1, data=b"x" * 1000))

    series = await scrape(headrace)

    broker = '{broker="default/default"}'
    assert series[f"{PREFIX}accepted_bytes_total{broker}"] > 1000
    assert series[f"{PREFIX}reserve_bytes{broker}"] == 65536
    assert series[f"{PREFIX}disk_free_bytes{broker}"] > 0
    assert series[f"{PREFIX}store_refusing{broker}"] == 0
    assert abs(series[f"{PREFIX}process_start_time_seconds"] - time.time()) < 60


async def test_each_source_says_how_it_stands_and_its_lag_where_it_is_known(
    headrace: Living,
) -> None:
    series = await scrape(headrace)

    found = {one.removeprefix(f"{PREFIX}source_"): value for one, value in series.items()}
    orders, beat = '{source="default/orders"}', '{source="default/beat"}'
    assert (found[f"connected{orders}"], found[f"paused{orders}"]) == (1, 0)
    assert (found[f"connected{beat}"], found[f"paused{beat}"]) == (0, 1)
    assert (found[f"lag{orders}"], f"lag{beat}" in found) == (312, False)
    assert (found[f"events_total{orders}"], found[f"errors_total{orders}"]) == (1204, 3)
    assert found[f"refused_total{orders}"] == 1


async def test_dead_letters_near_their_end_are_counted(tmp_path: Path) -> None:
    short = BROKER + "spec: {deadLetters: {retention: PT23H}}\n---" + TRIGGER
    async with living(tmp_path, short) as headrace:
        await headrace.publish(event(1, "refused"), event(2))
        await headrace.rest()

        series = await scrape(headrace)

    assert series[f'{PREFIX}dead_letters_expiring{{broker="default/default"}}'] == 1


async def test_many_types_make_no_new_series(headrace: Living) -> None:
    await headrace.publish(event("first"))
    await headrace.rest()
    before = set(await scrape(headrace))

    many = range(TYPES)
    await headrace.publish(*(event(n, f"type-{n}", source=f"/s/{n}", subject=f"{n}") for n in many))
    await headrace.rest()

    assert set(await scrape(headrace)) == before


async def test_buckets_count_up_to_the_whole(headrace: Living) -> None:
    await headrace.publish(*(event(n) for n in range(20)))
    await headrace.rest()

    series = await scrape(headrace)

    buckets = [value for one, value in series.items() if "attempt_seconds_bucket" in one]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 20
