"""Enrol: a lane that stands where its trigger stood, with all that the store knows of it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from broker.storage.rows import (
    Counts,
    Cursor,
    Loaded,
    ParkedSummary,
    Revision,
    TriggerState,
    WaitingRow,
)
from broker.telemetry import Telemetry
from sinks.recorder import RecorderSink
from sinks.target import Target
from tests.scenarios.house import BEGINNING, trigger
from tests.triggers.workshop import Store, carried, event
from triggers.budget import Budget
from triggers.enrolment import Endpoint, Enrolment, Wired
from triggers.lane import Lane
from triggers.ledger import Ledger
from triggers.revisions import Revisions
from triggers.standing import document_of
from triggers.trigger import TriggerSpec

DUE = BEGINNING + timedelta(seconds=5)


class Bench:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.ledger = Ledger()
        self.signals: list[tuple[str, dict[str, Any]]] = []
        self.telemetry = Telemetry()
        self.telemetry.listen(lambda name, _, fields: self.signals.append((name, fields)))

    def enrolment(self, **facts: Any) -> Enrolment:
        state: dict[str, Any] = {
            "log_id": "0000abcd",
            "owner_epoch": 1,
            "first_offset": 1,
            "last_offset": 100,
            "stored_at": BEGINNING,
            "routed": 90,
        }
        loaded = Loaded(**state | facts)
        return Enrolment(
            loaded,
            self.store.log,
            self.ledger,
            Budget(),
            self.store.clock,
            self.telemetry,
            carried,
            Revisions(loaded.revisions),
        )

    def enrol(self, spec: TriggerSpec, start_offset: int = 100, **facts: Any) -> Lane:
        return self.enrolment(**facts).enrol(Wired(spec, endpoint()), start_offset)


def endpoint(name: str = "sink") -> Endpoint:
    return Endpoint(RecorderSink(name=name), Target(name, lambda: 0.5))


def known(spec: TriggerSpec, from_offset: int = 1) -> Revision:
    return Revision(spec.name, 1, from_offset, document_of(spec), BEGINNING)


@pytest.fixture
async def bench(store: Store) -> Bench:
    return Bench(store)


async def test_a_new_trigger_is_written_down_before_anything_is_routed(bench: Bench) -> None:
    lane = bench.enrol(trigger(), start_offset=100)

    (revision,) = bench.ledger.revisions
    assert (revision.trigger, revision.number, revision.from_offset) == ("default/t", 1, 101)
    assert (lane.position, lane.has_row, lane.is_following) == (100, False, False)
    assert lane in bench.ledger.touched
    assert bench.signals == [], "nothing was revised"


async def test_a_known_trigger_goes_on_where_it_stood(bench: Bench) -> None:
    spec = trigger()
    counts = Counts(spec.name, 9, 8, 1)

    lane = bench.enrol(
        spec,
        revisions=(known(spec),),
        cursors={spec.name: Cursor(spec.name, 40, ((42, 50),))},
        counts={spec.name: counts},
    )

    assert (lane.position, lane.skip, lane.has_row, lane.totals) == (40, ((42, 50),), True, counts)
    assert bench.ledger.is_empty


async def test_a_changed_filter_is_a_revision_and_told(bench: Bench) -> None:
    old, new = trigger(), trigger(filters=[{"exact": {"type": "x"}}])

    lane = bench.enrol(new, revisions=(known(old),))

    assert [(number, offset) for number, offset, _ in lane.revisions] == [(1, 1), (2, 101)]
    before, after = lane.filter_at(100), lane.filter_at(101)
    assert before is not None
    assert after is not None
    assert (before.matches(event(1)), after.matches(event(1))) == (True, False)
    told = {"trigger": "default/t", "revision": 2, "from_offset": 101}
    assert bench.signals == [("trigger.revised", told)]


async def test_a_pause_in_the_store_holds_and_one_in_the_configuration_too(bench: Bench) -> None:
    spec = trigger()
    paused = {spec.name: TriggerState(spec.name, paused=True)}

    stored = bench.enrol(spec, revisions=(known(spec),), states=paused)
    configured = bench.enrol(trigger(paused=True))

    assert (stored.is_paused, configured.is_paused) == (True, True)


async def test_parked_rows_are_expected_and_not_read(bench: Bench) -> None:
    spec = trigger()

    lane = bench.enrol(
        spec, revisions=(known(spec),), parked={spec.name: ParkedSummary(40_000, DUE)}
    )

    assert (lane.parked_count, lane.next_due_at, list(lane.retries)) == (40_000, DUE, [])


async def test_an_ordered_key_waits_behind_its_rows(bench: Bench) -> None:
    spec = trigger(order_by="partitionkey")
    waiting = (WaitingRow(spec.name, 5, "a"), WaitingRow("default/other", 6, "b"))

    lane = bench.enrol(
        spec, revisions=(known(spec),), parked_keys=((spec.name, "a"),), waiting=waiting
    )

    assert lane.turns is not None
    assert (lane.turns.rows, lane.turns.take("a"), lane.turns.take("b")) == (1, False, True)


async def test_the_companion_carries_copies_under_a_name_of_its_own(bench: Bench) -> None:
    spec = trigger(order_by="partitionkey", paused=True)
    parked = {f"{spec.name}#dead-letter": ParkedSummary(2, DUE)}
    wired = Wired(spec, endpoint("main"), endpoint("desk"))

    lane = bench.enrolment(parked=parked).enrol(wired, 100)

    companion = lane.companion
    assert companion is not None
    assert (companion.name, companion.sink.name) == ("default/t#dead-letter", "desk")
    assert (companion.is_companion, companion.is_paused, companion.turns) == (True, False, None)
    assert (companion.parked_count, lane.parked_count) == (2, 0)


@pytest.mark.parametrize(
    ("start", "expected"),
    [("latest", 4), ("earliest", 2), (BEGINNING + timedelta(seconds=5), 3), (BEGINNING, 2)],
)
async def test_a_start_is_an_offset_of_this_log(bench: Bench, start: Any, expected: int) -> None:
    for number in range(1, 5):
        await bench.store.append(event(number))
        await asyncio.sleep(2.0)
    enrolment = bench.enrolment(first_offset=3, last_offset=4)

    offset = await enrolment.start_offset(trigger(start=start))

    assert offset == expected, "the oldest event kept is 3"
