"""One call's way: whatever a sink does, each of its deliveries is settled exactly once."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass
from broker.event import StoredEvent
from broker.storage.rows import ParkedRow, Reply
from broker.telemetry import Telemetry
from sinks.recorder import RecorderSink
from sinks.sink import Done
from sinks.target import Target, TargetState
from tests.triggers.workshop import Store, event, make_lane, push, stored_range
from triggers.dispatcher import Dispatcher
from triggers.failures import Failures
from triggers.lane import Lane
from triggers.ledger import Ledger
from triggers.settler import Settler


class Deaf:
    """A reply door that is never knocked at."""

    def admit_reply(self, *_: Any) -> None:
        raise AssertionError("no sink here answers with a reply")

    def replies_stored(self, replies: Sequence[Reply]) -> None:
        raise AssertionError("no sink here answers with a reply")


class Bench:
    def __init__(self, store: Store) -> None:
        self.clock = store.clock
        self.ledger = Ledger()
        self.ended: list[int] = []
        self.roomy: list[Lane] = []
        self.defects: list[BaseException] = []
        self.signals: list[tuple[str, dict[str, Any]]] = []
        telemetry = Telemetry()
        telemetry.listen(lambda name, _, fields: self.signals.append((name, fields)))
        failures = Failures(
            "default/b",
            self.ledger,
            store.clock,
            lambda: 1.0,
            telemetry,
            on_turn=lambda lane, offset, key: None,
            on_pause=lambda lane, why: None,
        )
        settler = Settler(self.ledger, Deaf(), store.clock, failures, lambda: None)
        self.dispatcher = Dispatcher(
            store.clock, settler, telemetry, self.roomy.append, self.defects.append
        )

    def lane(self, sink: RecorderSink, events: int = 1, **facts: Any) -> Lane:
        lane = make_lane(ledger=self.ledger, sink=sink, **facts)
        push(lane, *stored_range(1, events))
        return lane

    async def carry(self, lane: Lane) -> None:
        self.dispatcher.carry(lane, lane.take(), self._end)
        await asyncio.sleep(100)

    def _end(self, lane: Lane, deliveries: int) -> None:
        self.ended.append(deliveries)

    @property
    def row(self) -> ParkedRow:
        (parked,) = self.ledger.parked.values()
        return parked


@pytest.fixture
async def bench(store: Store) -> Bench:
    return Bench(store)


class OddSink(RecorderSink):
    """Does what a test says instead of answering."""

    def __init__(self, act: Callable[[], Sequence[Outcome]], batch_limit: int = 1) -> None:
        super().__init__(batch_limit=batch_limit)
        self.act = act
        self.deadlines: list[float] = []

    async def deliver(self, deliveries: Sequence[Delivery], deadline: float) -> Sequence[Outcome]:
        await super().deliver(deliveries, deadline)
        self.deadlines.append(deadline)
        await asyncio.sleep(2.0)
        return self.act()


class CallbackSink(RecorderSink):
    """Answers by callback: at once, or `seconds` later."""

    def __init__(self, outcome: Outcome, seconds: float) -> None:
        super().__init__()
        self.outcome, self.seconds = outcome, seconds

    def start(self, delivery: Delivery, deadline: float, done: Done) -> None:
        self.deliveries.append(delivery)
        if self.seconds:
            asyncio.get_running_loop().call_later(self.seconds, done, delivery, self.outcome)
        else:
            done(delivery, self.outcome)


def fail_by(error: Exception) -> Callable[[], Sequence[Outcome]]:
    def act() -> Sequence[Outcome]:
        raise error

    return act


async def test_a_call_is_settled_and_then_over(bench: Bench) -> None:
    lane = bench.lane(RecorderSink(batch_limit=3), events=3)

    await bench.carry(lane)

    assert [delivery.offset for delivery in lane.sink.deliveries] == [1, 2, 3]  # type: ignore[attr-defined]
    assert (list(lane.open), bench.ended, bench.defects) == ([], [3], [])


@pytest.mark.parametrize("seconds", [0.0, 3.0])
async def test_a_sink_that_answers_by_callback_costs_no_task(bench: Bench, seconds: float) -> None:
    lane = bench.lane(CallbackSink(Delivered(), seconds))
    before = len(asyncio.all_tasks())

    bench.dispatcher.carry(lane, lane.take(), bench._end)
    tasks = len(asyncio.all_tasks()) - before
    await asyncio.sleep(10)

    assert (tasks, bench.ended, list(lane.open)) == (0, [1], [])


async def test_a_sink_that_raises_has_a_defect_and_its_delivery_is_tried_again(
    bench: Bench,
) -> None:
    lane = bench.lane(OddSink(fail_by(ValueError("no such column"))))

    await bench.carry(lane)

    (attempt,) = bench.row.attempts
    assert attempt.message == "defect in the sink: ValueError: no such column"
    assert (attempt.outcome_class, bench.row.attempt, bench.ended) == ("suspect", 2, [1])


@pytest.mark.parametrize("count", [0, 1, 3])
async def test_a_sink_that_miscounts_has_a_defect_for_all_of_the_call(
    bench: Bench, count: int
) -> None:
    lane = bench.lane(OddSink(lambda: [Delivered()] * count, batch_limit=2), events=2)

    await bench.carry(lane)

    messages = {row.attempts[0].message for row in bench.ledger.parked.values()}
    assert messages == {f"defect in the sink: {count} outcomes for 2 deliveries"}
    assert len(bench.ledger.parked) == 2


async def test_a_call_has_a_deadline_for_everything(bench: Bench) -> None:
    sink = OddSink(lambda: [Delivered()])
    lane = bench.lane(sink, policy={"timeout_seconds": 7.0})
    began = bench.clock.monotonic()

    await bench.carry(lane)

    assert sink.deadlines == [began + 7.0]


async def test_the_breaker_hears_of_each_call_and_its_change_is_told(bench: Bench) -> None:
    silent = Failed(OutcomeClass.TRANSIENT, "connection refused")
    lane = bench.lane(CallbackSink(silent, 0.0), events=30)

    for _ in range(20):
        bench.dispatcher.carry(lane, lane.take(), bench._end)

    assert lane.target.state is TargetState.OPEN
    assert ("sink.state", {"sink": "t", "state": "open"}) in bench.signals


async def test_a_call_that_outlasts_a_reload_is_told_to_the_sink_that_it_was_made_to(
    bench: Bench,
) -> None:
    silent = Failed(OutcomeClass.TRANSIENT, "connection refused")
    lane = bench.lane(CallbackSink(silent, 5.0), events=30)
    for _ in range(20):
        bench.dispatcher.carry(lane, lane.take(), bench._end)

    before, lane.target = lane.target, Target("mended", lambda: 0.5)
    await asyncio.sleep(10)

    assert (before.state, lane.target.state) == (TargetState.OPEN, TargetState.READY)


async def test_a_call_goes_to_the_sink_that_it_was_taken_for_though_a_reload_comes_first(
    bench: Bench,
) -> None:
    taken_for, mended = RecorderSink(batch_limit=3), RecorderSink(batch_limit=1)
    lane = bench.lane(taken_for, events=3)

    bench.dispatcher.carry(lane, lane.take(), bench._end)
    lane.sink = mended
    await asyncio.sleep(1)

    assert (len(taken_for.deliveries), len(mended.deliveries)) == (3, 0)


async def test_an_answer_that_refuses_does_not_open_the_breaker(bench: Bench) -> None:
    refused = Failed(OutcomeClass.BAD_INPUT, "HTTP 422", 422)
    lane = bench.lane(CallbackSink(refused, 0.0), events=50)

    for _ in range(50):
        bench.dispatcher.carry(lane, lane.take(), bench._end)

    assert lane.target.state is TargetState.READY


async def test_attempts_and_the_whole_way_are_timed(bench: Bench) -> None:
    lane = make_lane(ledger=bench.ledger, sink=OddSink(lambda: [Delivered()] * 2, batch_limit=2))
    at = bench.clock.now() - timedelta(seconds=20)
    push(lane, *(StoredEvent(offset, event(offset), at) for offset in (1, 2)))

    await bench.carry(lane)

    timings = bench.dispatcher.timings
    assert (timings.attempt.sum, timings.batch.sum) == (4.0, 2.0)
    assert timings.queue_wait.sum == pytest.approx(2 * 20.0)
    assert timings.end_to_end.sum == pytest.approx(2 * 22.0)


async def test_the_wait_of_a_first_attempt_counts_although_it_fails(bench: Bench) -> None:
    lane = bench.lane(OddSink(lambda: [Failed(OutcomeClass.TRANSIENT, "HTTP 503", 503)]))

    await bench.carry(lane)

    timings = bench.dispatcher.timings
    assert (sum(timings.queue_wait.counts), sum(timings.end_to_end.counts)) == (1, 0)


async def test_a_defect_of_ours_is_told_and_not_swallowed(bench: Bench) -> None:
    lane = bench.lane(CallbackSink(None, 0.0))  # type: ignore[arg-type]

    await bench.carry(lane)

    (error,) = bench.defects
    assert isinstance(error, AttributeError)


async def test_what_is_under_way_at_the_end_is_given_up(bench: Bench) -> None:
    lane = bench.lane(OddSink(lambda: [Delivered()]))
    bench.dispatcher.carry(lane, lane.take(), bench._end)
    await asyncio.sleep(1)

    bench.dispatcher.close()
    await asyncio.sleep(10)

    assert (bench.ended, list(lane.open)) == ([], [1])


async def test_a_lane_that_is_behind_hears_that_it_has_room(bench: Bench) -> None:
    lane = bench.lane(RecorderSink())
    lane.is_following = False

    await bench.carry(lane)

    assert bench.roomy == [lane]
