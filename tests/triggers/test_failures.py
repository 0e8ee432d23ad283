"""What a failed attempt becomes: a parked row or a dead letter, and all that goes with it."""

from datetime import timedelta
from typing import Any

import pytest

from broker.delivery import Attempt, Evidence, Failed, OutcomeClass, Reason
from broker.storage.rows import DeadState, ParkedRow, Place
from broker.telemetry import Telemetry
from tests.scenarios.house import BEGINNING
from tests.triggers.workshop import Store, make_lane, push, row, stored, stored_range, take_all
from triggers.carriage import Carriage, resumed
from triggers.evidence import ATTEMPTS_KEPT, first_of, keep_attempts
from triggers.failures import Failures
from triggers.lane import Lane
from triggers.ledger import Ledger

BUSY = Failed(OutcomeClass.TRANSIENT, "HTTP 503", 503, evidence=Evidence(body=b"busy"))
REFUSED = Failed(OutcomeClass.BAD_INPUT, "HTTP 422", 422, reason=Reason.REFUSED)


class Bench:
    """Failures over a ledger, with everything they asked for."""

    def __init__(self, store: Store) -> None:
        self.clock = store.clock
        self.ledger = Ledger()
        self.turns: list[tuple[int, str]] = []
        self.paused: list[str] = []
        self.told: list[dict[str, Any]] = []
        telemetry = Telemetry()
        telemetry.listen(lambda _name, _level, fields: self.told.append(fields))
        self.failures = Failures(
            "default/b",
            self.ledger,
            store.clock,
            lambda: 1.0,
            telemetry,
            on_turn=lambda lane, offset, key: self.turns.append((offset, key)),
            on_pause=lambda lane, why: self.paused.append(why),
        )

    def lane(self, **facts: Any) -> Lane:
        return make_lane(ledger=self.ledger, **facts)

    def fail(self, lane: Lane, carriage: Carriage, failed: Failed = BUSY) -> None:
        carriage.target = lane.target
        self.failures.fail(lane, carriage, failed, duration_seconds=0.25)

    @property
    def row(self) -> ParkedRow:
        (parked,) = self.ledger.parked.values()
        return parked


@pytest.fixture
async def bench(store: Store) -> Bench:
    return Bench(store)


def taken(lane: Lane, offset: int = 7, **attributes: str) -> Carriage:
    push(lane, stored(offset, **attributes))
    (carriage,) = lane.take()
    return carriage


async def test_a_parked_delivery_needs_nothing_else_to_go_on(bench: Bench) -> None:
    lane = bench.lane(policy={"backoff_delay_seconds": 2.0})
    carriage = taken(lane)

    bench.fail(lane, carriage)

    parked, now = bench.row, bench.clock.now()
    assert (parked.place, parked.delivery_id) == (Place("default/t", 7), carriage.id)
    assert (parked.event, parked.stored_at) == (carriage.event, carriage.stored_at)
    assert (parked.attempt, parked.due_at) == (2, now + timedelta(seconds=2))
    assert (parked.wait_seconds, parked.age_seconds) == (2.0, 2.25)
    (attempt,) = parked.attempts
    assert (attempt.number, attempt.status, attempt.body) == (1, 503, b"busy")
    assert (attempt.started_at, attempt.wait_seconds) == (now - timedelta(seconds=0.25), 2.0)


async def test_a_parked_delivery_leaves_its_lane_and_is_held_until_it_is_on_disk(
    bench: Bench,
) -> None:
    lane = bench.lane()
    carriage = taken(lane)

    bench.fail(lane, carriage)

    assert (list(lane.open), lane.taken, lane.parked_count) == ([], {carriage.place}, 1)
    counts = lane.take_counts()
    assert counts is not None
    assert (counts.matched, counts.delivered, counts.dead) == (1, 0, 0)


async def test_the_next_failure_replaces_the_row_and_keeps_its_evidence(bench: Bench) -> None:
    lane = bench.lane(policy={"backoff_delay_seconds": 1.0})
    lane.parked_count = 1
    first = Attempt(1, BEGINNING, 0.1, "transient", 500, "HTTP 500")
    before = row(7, attempts=(first,), first_at=BEGINNING - timedelta(hours=1), redrives=2)

    bench.fail(lane, resumed(before))

    parked = bench.row
    assert bench.ledger.unparked == [before.place]
    assert [attempt.number for attempt in parked.attempts] == [1, 2]
    assert (parked.attempt, parked.first_at, parked.redrives) == (3, before.first_at, 2)
    assert lane.parked_count == 1


async def test_a_dead_letter_and_the_end_of_its_retries_are_put_in_together(bench: Bench) -> None:
    lane = bench.lane(policy={"retry": 1})
    before = row(7)

    bench.fail(lane, resumed(before))

    (letter,) = bench.ledger.dead_letters
    assert (letter.reason, letter.attempt_count, letter.broker) == ("attempts", 2, "default/b")
    assert (bench.ledger.unparked, bench.ledger.parked) == ([before.place], {})
    assert bench.ledger.urgent


async def test_what_is_refused_is_dead_at_the_first_attempt(bench: Bench) -> None:
    lane = bench.lane()

    bench.fail(lane, taken(lane), REFUSED)

    (letter,) = bench.ledger.dead_letters
    assert (letter.reason, letter.attempt_count, letter.first_at) == (
        "refused",
        1,
        bench.clock.now() - timedelta(seconds=0.25),
    )
    counts = lane.take_counts()
    assert counts is not None
    assert (counts.matched, counts.dead) == (1, 1)


async def test_what_would_be_tried_after_its_last_hour_is_dead_by_age(bench: Bench) -> None:
    lane = bench.lane(policy={"max_age_seconds": 60.0, "backoff_delay_seconds": 5.0})

    bench.fail(lane, resumed(row(7, age_seconds=50.0)))

    (letter,) = bench.ledger.dead_letters
    assert letter.reason == "age"


async def test_a_sinks_wish_to_wait_holds_its_whole_target(bench: Bench) -> None:
    lane = bench.lane()
    wish = Failed(OutcomeClass.OVERLOAD, "HTTP 429", 429, retry_after_seconds=30.0)

    bench.fail(lane, taken(lane), wish)

    now = bench.clock.monotonic()
    assert lane.target.admit(now + 29.0) > 0.0
    assert bench.row.attempt == 1, "no attempt was used"


async def test_an_answer_that_asks_for_it_pauses_the_trigger(bench: Bench) -> None:
    lane = bench.lane()
    gone = Failed(OutcomeClass.CONFIG, "HTTP 410", 410, reason=Reason.REFUSED, pause=True)

    bench.fail(lane, taken(lane), gone)

    assert bench.paused == ["HTTP 410"]


async def test_events_behind_a_parked_one_of_their_key_become_rows(bench: Bench) -> None:
    lane = bench.lane(order_by="partitionkey")
    carriage = taken(lane, 1, partitionkey="a")
    push(lane, *(stored(n, partitionkey="a") for n in (2, 3)))

    bench.fail(lane, carriage)

    assert [(one.offset, one.order_key) for one in bench.ledger.waiting] == [(2, "a"), (3, "a")]
    assert (list(lane.open), bench.row.order_key) == ([], "a")
    counts = lane.take_counts()
    assert counts is not None
    assert counts.matched == 3


async def test_a_dead_one_gives_its_turn_to_the_next_of_its_key(bench: Bench) -> None:
    lane = bench.lane(order_by="partitionkey")
    carriage = taken(lane, 1, partitionkey="a")
    push(lane, stored(2, partitionkey="a"))

    bench.fail(lane, carriage, REFUSED)

    assert [one.offset for one in lane.queue] == [2]


async def test_a_row_whose_turn_has_come_is_asked_for(bench: Bench) -> None:
    lane = bench.lane(order_by="partitionkey")
    assert lane.turns is not None
    lane.turns.load_parked("a")
    lane.turns.load("a", 9)

    bench.fail(lane, resumed(row(7, order_key="a")), REFUSED)

    assert bench.turns == [(9, "a")]


async def test_a_row_of_the_log_that_fails_leaves_its_offset_row(bench: Bench) -> None:
    lane = bench.lane(order_by="partitionkey")
    assert lane.turns is not None
    lane.turns.take("a")
    carriage = resumed(row(7))
    carriage.row, carriage.waiting, carriage.order_key = None, True, "a"

    bench.fail(lane, carriage)

    assert bench.ledger.unwaiting == [("default/t", 7)]
    assert lane.take_counts() is None, "it was matched when it became a row"


async def test_a_thousand_deaths_a_second_are_one_record(bench: Bench) -> None:
    lane = bench.lane()
    push(lane, *stored_range(1, 1000))

    for carriage in take_all(lane):
        bench.fail(lane, carriage, REFUSED)

    assert len(bench.told) == 1
    assert (bench.told[0]["trigger"], bench.told[0]["count"]) == ("default/t", 1)
    assert len(bench.ledger.dead_letters) == 1000


async def test_the_copy_for_the_dead_letter_sink_is_a_parked_delivery_of_its_own(
    bench: Bench,
) -> None:
    lane = bench.lane()
    companion = lane.companion = bench.lane()
    companion.name, companion.is_companion = "default/t#dead-letter", True

    bench.fail(lane, taken(lane), REFUSED)

    parked = bench.row
    assert parked.place == Place("default/t#dead-letter", 7, "dead-letter")
    assert (parked.attempt, parked.due_at) == (1, bench.clock.now())
    assert parked.event.attributes["headracereason"] == "refused"


async def test_a_copy_that_dies_is_a_flag_on_its_dead_letter(bench: Bench) -> None:
    companion = bench.lane()
    companion.is_companion = True

    bench.fail(companion, resumed(row(7)), REFUSED)

    (move,) = bench.ledger.moves
    assert (move.forwarded, move.to_state) == ("failed: HTTP 422", None)
    assert set(move.from_states) == set(DeadState)
    assert (bench.ledger.dead_letters, companion.take_counts()) == ([], None)


def test_of_many_attempts_the_first_and_the_latest_are_kept() -> None:
    all_of_them = tuple(Attempt(n, BEGINNING, 0.1, "transient", 500, "no") for n in range(1, 101))

    kept = keep_attempts(all_of_them)

    assert len(kept) == ATTEMPTS_KEPT
    assert [kept[0].number, kept[1].number, kept[-1].number] == [1, 70, 100]


def test_the_first_attempt_began_when_the_row_says() -> None:
    attempt = Attempt(1, BEGINNING, 0.1, "transient", 500, "no")
    earlier, now = BEGINNING - timedelta(days=1), BEGINNING + timedelta(days=1)

    assert first_of(row(1, first_at=earlier), (attempt,), now) == earlier
    assert first_of(None, (attempt,), now) == BEGINNING
    assert first_of(None, (), now) == now
