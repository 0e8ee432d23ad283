"""Settle: all that one outcome means goes into the ledger together."""

from collections.abc import Sequence
from typing import Any

import pytest

from broker.delivery import Attempt, Delivered, Failed, Outcome, OutcomeClass, Reason
from broker.event import Cause, Event
from broker.storage.rows import DeadState, Reply
from broker.telemetry import Telemetry
from tests.scenarios.house import BEGINNING
from tests.triggers.workshop import Store, event, make_lane, push, row, stored, stored_range
from triggers.carriage import Carriage, resumed
from triggers.failures import Failures
from triggers.lane import Lane
from triggers.ledger import Ledger
from triggers.settler import Settler


class Door:
    """A reply door that answers as it is told to."""

    def __init__(self) -> None:
        self.refusal: Reason | None = None
        self.is_known = False
        self.asked: list[tuple[str, int, int]] = []  # delivery, offset of the cause, hops

    def admit_reply(
        self,
        event: Event,
        cause: Cause,
        delivery_id: str,
        hops_of_cause: int,
        is_record: bool = False,
    ) -> Reply | Reason | None:
        self.asked.append((delivery_id, cause.offset, hops_of_cause))
        if self.is_known:
            return None
        return self.refusal or Reply(event, b"k" * 8, cause)

    def replies_stored(self, replies: Sequence[Reply]) -> None:
        """Not called by a settler."""


class Bench:
    def __init__(self, store: Store) -> None:
        self.ledger = Ledger()
        self.door = Door()
        self.told = 0
        failures = Failures(
            "default/b",
            self.ledger,
            store.clock,
            lambda: 1.0,
            Telemetry(),
            on_turn=lambda lane, offset, key: None,
            on_pause=lambda lane, why: None,
        )
        self.settler = Settler(self.ledger, self.door, store.clock, failures, self._settled)

    def _settled(self) -> None:
        self.told += 1

    def lane(self, **facts: Any) -> Lane:
        return make_lane(ledger=self.ledger, **facts)

    def settle(self, lane: Lane, carriage: Carriage, outcome: Delivered | Failed) -> None:
        self.settler.settle(lane, carriage, outcome, 0.25)
        self.settler.settled(1)


@pytest.fixture
async def bench(store: Store) -> Bench:
    return Bench(store)


def taken(lane: Lane, offset: int = 7, **attributes: str) -> Carriage:
    push(lane, stored(offset, **attributes))
    (carriage,) = lane.take()
    return carriage


def attempts(lane: Lane) -> dict[str, int]:
    """By outcome class."""
    return {"ok": lane.counts.ok, **lane.counts.by_class}


async def test_a_delivery_leaves_nothing_but_counts_and_a_cursor(bench: Bench) -> None:
    lane = bench.lane()

    bench.settle(lane, taken(lane), Delivered())

    assert (list(lane.open), attempts(lane)) == ([], {"ok": 1})
    assert (bench.ledger.settled, bench.told, bench.ledger.urgent) == (1, 1, False)
    checkpoint = bench.ledger.seal(7, 7, BEGINNING)
    assert [counts.delivered for counts in checkpoint.counts] == [1]
    assert (checkpoint.parked, checkpoint.replies, checkpoint.retried) == ((), (), ())


async def test_each_delivery_of_a_call_has_its_own_outcome(bench: Bench) -> None:
    lane = bench.lane()
    push(lane, *stored_range(1, 3))
    batch = [lane.take()[0] for _ in range(3)]
    busy = Failed(OutcomeClass.TRANSIENT, "HTTP 503", 503)
    outcomes: list[Outcome] = [Delivered(), busy, Delivered()]

    for carriage, outcome in zip(batch, outcomes, strict=True):
        bench.settler.settle(lane, carriage, outcome, 0.25)
    bench.settler.settled(len(batch))

    assert [place.offset for place in bench.ledger.parked] == [2]
    assert attempts(lane) == {"ok": 2, "transient": 1}
    assert bench.told == 1


async def test_a_reply_and_the_end_of_its_delivery_are_one_checkpoint(bench: Bench) -> None:
    lane = bench.lane()

    bench.settle(lane, taken(lane, headracehops="3"), Delivered(reply=event("r")))

    (reply,) = bench.ledger.replies
    assert (reply.event.id, reply.cause.offset, reply.cause.trigger) == ("r", 7, "default/t")
    assert bench.door.asked == [("0000abcd/default/t/7", 7, 3)]
    assert (bench.ledger.urgent, lane.counts.replies, list(lane.open)) == (True, 1, [])


async def test_a_reply_that_is_stored_already_is_not_appended_again(bench: Bench) -> None:
    lane = bench.lane()
    bench.door.is_known = True

    bench.settle(lane, taken(lane), Delivered(reply=event("r")))

    assert (bench.ledger.replies, attempts(lane)) == ([], {"ok": 1})


async def test_a_reply_that_may_not_enter_is_a_dead_letter_and_one_attempt(bench: Bench) -> None:
    lane = bench.lane()
    bench.door.refusal = Reason.HOPS

    bench.settle(lane, taken(lane), Delivered(reply=event("r"), status=200))

    (letter,) = bench.ledger.dead_letters
    assert (letter.reason, letter.status, letter.attempt_count) == ("hops", 200, 1)
    assert attempts(lane) == {"ok": 0, "bad_input": 1}
    counts = lane.take_counts()
    assert counts is not None
    assert (counts.matched, counts.delivered, counts.dead) == (1, 0, 1)


async def test_the_evidence_of_retries_that_ended_well_is_kept(bench: Bench) -> None:
    lane = bench.lane()
    lane.parked_count = 1
    before = row(7, attempts=(Attempt(1, BEGINNING, 0.1, "transient", 500, "HTTP 500"),))

    bench.settle(lane, resumed(before), Delivered())

    (kept,) = bench.ledger.retried
    assert (kept.place, kept.attempts) == (before.place, before.attempts)
    assert (bench.ledger.unparked, lane.parked_count) == ([before.place], 0)


async def test_the_desk_hears_of_a_redrive_that_was_delivered(bench: Bench) -> None:
    lane = bench.lane()

    bench.settle(lane, resumed(row(7, redrives=1)), Delivered())

    (move,) = bench.ledger.moves
    assert (move.from_states, move.to_state) == ((DeadState.REDRIVING,), DeadState.DELIVERED)


async def test_of_an_ordered_key_the_next_one_goes_when_this_one_is_settled(bench: Bench) -> None:
    lane = bench.lane(order_by="partitionkey")
    carriage = taken(lane, 1, partitionkey="a")
    push(lane, stored(2, partitionkey="a"))

    waiting = len(lane.queue)
    bench.settle(lane, carriage, Delivered())

    assert (waiting, [one.offset for one in lane.queue]) == (0, [2])


async def test_a_body_that_is_no_event_is_counted(bench: Bench) -> None:
    lane = bench.lane()

    bench.settle(lane, taken(lane), Delivered(ignored_body=True))

    assert lane.counts.ignored_bodies == 1


async def test_a_copy_that_was_delivered_is_a_flag_and_its_reply_is_none(bench: Bench) -> None:
    companion = bench.lane()
    companion.is_companion = True

    bench.settle(companion, resumed(row(7)), Delivered(reply=event("r")))

    (move,) = bench.ledger.moves
    assert (move.forwarded, bench.ledger.replies) == ("delivered", [])
    assert companion.take_counts() is None
