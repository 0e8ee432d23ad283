"""One trigger at work: room, turns, and a cursor that says exactly what is settled."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.event import StoredEvent
from sinks.recorder import RecorderSink
from tests.triggers.workshop import event, make_lane, push, row, stored, stored_range, take_all
from triggers.budget import MEMORY_BYTES_MAX, Budget
from triggers.carriage import Carriage, resumed
from triggers.lane import Lane
from triggers.ledger import SETTLED_MAX
from triggers.queueing import QUEUE_EVENTS_ASSURED, QUEUE_EVENTS_MAX
from triggers.router import Router

MATCHING = [{"exact": {"type": "yes"}}]
Step = tuple[str, int]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("feed"), st.integers(1, 9)),
        st.tuples(st.just("take"), st.integers(1, 4)),
        st.tuples(st.just("settle"), st.integers(0, 30)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=60,
)
LOG = st.lists(st.tuples(st.booleans(), st.sampled_from("abc")), min_size=1, max_size=40)


class Life:
    """A lane over restarts, and a model of it: which matching offsets are settled."""

    def __init__(self, log: Sequence[StoredEvent], order_by: str | None) -> None:
        self.log = log
        self.order_by = order_by
        self.matching = {one.offset for one in log if one.event.type == "yes"}
        self.settled: set[int] = set()
        self.settled_twice: set[int] = set()
        self.in_flight: list[Carriage] = []
        self.lane, self.router = self._begin()

    def _begin(self) -> tuple[Lane, Router]:
        lane = make_lane(filters=MATCHING, order_by=self.order_by, is_following=False)
        router = Router()
        router.routed = self.log[-1].offset
        router.enrol(lane)
        return lane, router

    def run(self, step: Step) -> None:
        verb, number = step
        if verb == "feed" and not self.lane.is_following:
            after = self.lane.position
            self.router.feed([self.lane], self.log[after : after + number], after)
        elif verb == "take":
            for _ in range(min(number, len(self.lane.queue))):
                self.in_flight += self.lane.take()
        elif verb == "settle" and self.in_flight:
            self.settle(self.in_flight.pop(number % len(self.in_flight)))
        elif verb == "restart":
            self.restart()

    def settle(self, carriage: Carriage) -> None:
        self.lane.leave(carriage, delivered=True)
        (self.settled_twice if carriage.offset in self.settled else self.settled).add(
            carriage.offset
        )
        if carriage.order_key is not None and self.lane.turns is not None:
            following = self.lane.turns.release(carriage.order_key)
            if isinstance(following, StoredEvent):
                self.lane.enqueue(following)

    def restart(self) -> None:
        """What a checkpoint and a crash leave of a lane: its cursor."""
        cursor = self.lane.cursor()
        self.in_flight.clear()
        self.lane, self.router = self._begin()
        self.lane.position, self.lane.skip = cursor.offset, cursor.settled
        if self.lane.position < self.router.routed:
            self.lane.is_following = False
            self.router.behind.add(self.lane)

    def covered(self) -> set[int]:
        """The matching offsets that a restart would not deliver again."""
        cursor = self.lane.cursor()
        return {
            offset
            for offset in self.matching
            if offset <= cursor.offset or any(a <= offset <= b for a, b in cursor.settled)
        }


def are_ranges(offset: int, ranges: Sequence[tuple[int, int]]) -> bool:
    """Ascending, disjoint, none empty, all beyond `offset`."""
    ends = [offset, *(end for pair in ranges for end in pair)]
    beyond = all(first > before for before, first in zip(ends[::2], ends[1::2], strict=False))
    return beyond and all(first <= last for first, last in ranges)


@settings(max_examples=300)
@given(log=LOG, steps=STEPS, order_by=st.sampled_from([None, "partitionkey"]))
def test_the_cursor_covers_exactly_what_is_settled_in_whatever_order(
    log: list[tuple[bool, str]], steps: list[Step], order_by: str | None
) -> None:
    types = {True: "yes", False: "no"}
    life = Life(
        [stored(n, type=types[yes], partitionkey=key) for n, (yes, key) in enumerate(log, 1)],
        order_by,
    )

    for step in steps:
        life.run(step)

        cursor = life.lane.cursor()
        assert life.covered() == life.settled
        assert are_ranges(cursor.offset, cursor.settled)
    assert not life.settled_twice


def test_what_was_settled_beyond_the_cursor_before_a_restart_is_clipped_as_the_lane_goes_on() -> (
    None
):
    lane = make_lane(is_following=False)
    lane.position, lane.skip = 10, ((12, 15), (18, 20))

    push(lane, stored(11))
    lane.position = 13

    cursor = lane.cursor()
    assert (cursor.offset, cursor.settled) == (10, ((12, 15), (18, 20)))
    take_all(lane)
    assert lane.cursor().settled == ((12, 13), (14, 15), (18, 20))


def test_the_budget_is_as_before_once_all_is_taken_or_dropped() -> None:
    budget = Budget()
    first, second = make_lane(budget=budget), make_lane(budget=budget)
    push(first, *stored_range(1, 5))
    push(second, *stored_range(1, 5))
    full_bytes = budget.used_bytes

    take_all(first)
    while second.drop_oldest(5) is not None:
        pass

    assert full_bytes == sum(2 * one.event.size_bytes for one in stored_range(1, 5))
    assert budget.used_bytes == 0


def test_events_that_wait_behind_a_key_count_against_the_budget_like_others() -> None:
    lane = make_lane(order_by="partitionkey")
    for offset in range(1, 6):
        lane.push(stored(offset, partitionkey="a"))
    size_bytes = sum(stored(n, partitionkey="a").event.size_bytes for n in range(1, 6))

    waiting_bytes = lane.budget.used_bytes
    while lane.queue:
        lane.take()
        following = lane.turns.release("a") if lane.turns else None
        if isinstance(following, StoredEvent):
            lane.enqueue(following)

    assert waiting_bytes == size_bytes
    assert lane.budget.used_bytes == 0


def test_events_that_become_rows_give_their_memory_back() -> None:
    lane = make_lane(order_by="partitionkey")
    push(lane, *(stored(n, partitionkey="a") for n in range(1, 6)))

    lane.take()
    assert lane.turns is not None
    moved = list(lane.turns.park("a"))

    assert moved == [2, 3, 4, 5]
    assert lane.budget.used_bytes == 0


def test_a_lane_has_room_for_a_few_events_even_where_others_have_used_up_the_memory() -> None:
    budget = Budget()
    budget.used_bytes = MEMORY_BYTES_MAX
    lane = make_lane(budget=budget)

    for offset in range(1, 2 * QUEUE_EVENTS_ASSURED):
        if lane.has_room:
            lane.push(stored(offset))

    assert len(lane.queue) == QUEUE_EVENTS_ASSURED


def test_a_lane_never_holds_more_than_its_queue() -> None:
    lane = make_lane()

    for offset in range(1, 2 * QUEUE_EVENTS_MAX):
        if lane.has_room:
            lane.push(stored(offset))

    assert len(lane.queue) == QUEUE_EVENTS_MAX


def test_each_offset_is_asked_of_the_revision_that_routes_it() -> None:
    lane = make_lane()
    old, new = lane.revisions[0][2], make_lane(filters=MATCHING).revisions[0][2]
    lane.revisions = [(3, 11, old), (4, 21, new)]

    found = [lane.filter_at(offset) for offset in (10, 11, 20, 21)]

    assert found == [None, old, old, new]


def test_a_call_takes_retries_first_and_then_rows_whose_turn_came() -> None:
    lane = make_lane(sink=RecorderSink(batch_limit=3))
    push(lane, *stored_range(7, 9))
    lane.released.append(resumed(row(5)))
    lane.retries.append(resumed(row(3)))

    batches = [[carriage.offset for carriage in lane.take()] for _ in range(2)]

    assert batches == [[3, 5, 7], [8, 9]]
    assert (lane.in_flight, lane.in_flight_deliveries) == (2, 5)


def test_while_too_much_is_settled_and_not_on_disk_no_call_begins() -> None:
    lane = make_lane()
    push(lane, stored(1))

    lane.ledger.settled = SETTLED_MAX

    assert not lane.may_begin
    assert lane.ledger.is_blocking, "or nobody would wake it again"


def test_at_its_calls_in_flight_no_call_begins_until_one_has_ended() -> None:
    lane = make_lane(sink=RecorderSink(batch_limit=4), max_in_flight=2)
    push(lane, *stored_range(1, 40))

    lane.take()
    lane.take()
    at_the_bound = lane.may_begin
    lane.in_flight -= 1

    assert (at_the_bound, lane.may_begin) == (False, True)


def test_only_events_at_or_before_an_offset_are_dropped_and_no_ordered_ones() -> None:
    lane, ordered = make_lane(), make_lane(order_by="partitionkey")
    push(lane, *stored_range(1, 3))
    push(ordered, stored(1))

    dropped = [lane.drop_oldest(2), lane.drop_oldest(2), lane.drop_oldest(2)]

    assert [one and one.offset for one in dropped] == [1, 2, None]
    assert ordered.drop_oldest(9) is None


def test_settled_deliveries_are_counted_once_and_given_out_as_a_difference() -> None:
    lane = make_lane()
    push(lane, *stored_range(1, 3))
    first, second, third = take_all(lane)

    lane.leave(first, delivered=True)
    lane.leave(second, delivered=False)
    delta = lane.take_counts()
    lane.leave(third, delivered=True)
    lane.take_counts()

    assert delta is not None
    assert (delta.matched, delta.delivered) == (2, 1)
    assert (lane.totals.matched, lane.totals.delivered) == (3, 2)
    assert lane.take_counts() is None


def test_a_parked_delivery_that_is_settled_was_matched_before() -> None:
    lane = make_lane()

    lane.leave(resumed(row(4)), delivered=True)

    delta = lane.take_counts()
    assert delta is not None
    assert (delta.matched, delta.delivered) == (0, 1)


def test_events_without_the_ordering_attribute_are_not_ordered() -> None:
    lane = make_lane(order_by="partitionkey")

    push(lane, *(StoredEvent(n, event(n), stored(n).stored_at) for n in (1, 2)))

    assert len(lane.queue) == 2
    assert [carriage.order_key for carriage in take_all(lane)] == [None, None]


def test_a_rate_lets_a_second_of_calls_go_and_then_one_each_interval() -> None:
    lane = make_lane(rate_per_second=4.0)

    waits = [lane.rate_wait_seconds(1000.0) for _ in range(5)]
    later = [lane.rate_wait_seconds(1000.25), lane.rate_wait_seconds(1000.25)]

    assert waits == [0.0, 0.0, 0.0, 0.0, 0.25]
    assert later == [0.0, 0.25]
