"""Route: each matching event reaches each lane once and in order, by whichever lane."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from broker.event import StoredEvent
from tests.triggers.workshop import make_lane, stored, stored_range, take_all
from triggers.budget import MEMORY_BYTES_MAX, Budget
from triggers.filters.build import build_filter
from triggers.lane import Lane
from triggers.queueing import QUEUE_EVENTS_ASSURED
from triggers.router import FEED_ONE_BY_ONE_MAX, Router

FILTERS: tuple[list[dict[str, Any]], ...] = (
    [],
    [{"exact": {"type": "a"}}],
    [{"prefix": {"type": "b"}}],
    [{"cesql": "type = 'a' OR type = 'bc'"}],
)
TYPES = ("a", "b", "bc", "d")
Step = tuple[str, int, int]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), st.integers(1, 30), st.integers(0, 3)),
        st.tuples(st.just("take"), st.integers(1, 40), st.integers(0, 3)),
        st.tuples(st.just("feed"), st.integers(1, 50), st.integers(0, 3)),
    ),
    max_size=50,
)


class Walk:
    """A log and four lanes behind a router, each with room for few events."""

    def __init__(self) -> None:
        budget = Budget()
        budget.used_bytes = MEMORY_BYTES_MAX  # others are full: only the assured room is left
        self.log: list[StoredEvent] = []
        self.router = Router()
        self.lanes = [
            make_lane(f"t{n}", filters=filters, budget=budget, is_following=False)
            for n, filters in enumerate(FILTERS)
        ]
        self.taken: list[list[int]] = [[] for _ in self.lanes]
        for lane in self.lanes:
            self.router.enrol(lane)

    def run(self, verb: str, number: int, which: int) -> None:
        if verb == "commit":
            begin = len(self.log)
            group = [stored(begin + n + 1, type=TYPES[(n + which) % 4]) for n in range(number)]
            self.log += group
            self.router.route(group)
        elif verb == "take":
            for _ in range(min(number, len(self.lanes[which].queue))):
                self.taken[which] += [carriage.offset for carriage in self.lanes[which].take()]
        elif behind := sorted(self.router.behind, key=lambda lane: lane.position):
            after = behind[0].position
            self.router.feed(behind, self.log[after : after + number], after)

    def finish(self) -> None:
        while self.router.behind or any(lane.queue for lane in self.lanes):
            for which in range(len(self.lanes)):
                self.run("take", 1000, which)
            self.run("feed", 1000, 0)


@given(steps=STEPS)
def test_whatever_falls_behind_catches_up_without_losing_or_doubling(steps: list[Step]) -> None:
    walk = Walk()

    for step in steps:
        walk.run(*step)
    walk.finish()

    for lane, taken in zip(walk.lanes, walk.taken, strict=True):
        filter_ = lane.revisions[0][2]
        assert taken == [one.offset for one in walk.log if filter_.matches(one.event)]
        assert lane.is_following


@given(
    types=st.lists(st.sampled_from(TYPES), min_size=1, max_size=60),
    places=st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from(FILTERS), st.integers(1, 60)),
        min_size=FEED_ONE_BY_ONE_MAX + 1,
        max_size=FEED_ONE_BY_ONE_MAX + 6,
    ),
    skip=st.tuples(st.integers(1, 60), st.integers(0, 9)),
)
def test_many_lanes_fed_at_once_get_what_each_would_get_alone(
    types: list[str], places: list[tuple[int, list[Any], int]], skip: tuple[int, int]
) -> None:
    page = [stored(n, type=type_) for n, type_ in enumerate(types, 1)]

    together, apart = lanes_at(places, skip), lanes_at(places, skip)
    fed(together, page)
    for lane in apart:
        fed([lane], page)

    for one, other in zip(together, apart, strict=True):
        assert [x.offset for x in one.queue] == [x.offset for x in other.queue]
        assert (one.position, one.is_following) == (other.position, other.is_following)


def lanes_at(places: list[tuple[int, list[Any], int]], skip: tuple[int, int]) -> list[Lane]:
    """Lanes with a filter each that changed at some offset, and something settled before."""
    budget = Budget()
    budget.used_bytes = MEMORY_BYTES_MAX
    lanes = []
    for number, (position, filters, changed) in enumerate(places):
        lane = make_lane(f"t{number}", filters=filters, budget=budget, is_following=False)
        lane.revisions = [(1, 1, build_filter(FILTERS[1])), (2, changed, build_filter(filters))]
        lane.position = position
        lane.skip = ((position + skip[0], position + sum(skip)),)
        lanes.append(lane)
    return lanes


def fed(lanes: Sequence[Lane], page: Sequence[StoredEvent]) -> None:
    """As the reader does: from where the farthest behind stands."""
    router = Router()
    router.routed = page[-1].offset
    for lane in lanes:
        router.enrol(lane)
    after = min((lane.position for lane in router.behind), default=page[-1].offset)
    router.feed(sorted(router.behind, key=lambda lane: lane.name), page[after:], after)


def test_a_lane_without_room_falls_behind_at_the_event_that_it_could_not_take() -> None:
    lane = make_lane()
    router = following(lane)
    lane.budget.used_bytes = MEMORY_BYTES_MAX

    router.route(stored_range(1, QUEUE_EVENTS_ASSURED + 5))

    assert (lane.is_following, lane.position) == (False, QUEUE_EVENTS_ASSURED)
    assert router.behind == {lane}
    assert lane in lane.ledger.touched, "its cursor is to be written"


def test_a_paused_lane_takes_nothing_from_memory() -> None:
    lane = make_lane()
    router = following(lane)
    lane.is_paused = True

    woken = list(router.route(stored_range(1, 3)))

    assert (woken, lane.position, list(lane.queue)) == ([], 0, [])


def test_only_lanes_that_got_something_are_woken() -> None:
    some, none = make_lane("some"), make_lane("none", filters=FILTERS[1])
    router = following(some, none)

    woken = list(router.route(stored_range(1, 3)))

    assert (woken, router.routed) == ([some], 3)


def test_a_lane_that_has_missed_something_reads_it_first() -> None:
    router = Router()
    router.routed = 9
    behind, level = make_lane("behind", is_following=False), make_lane("level", is_following=False)
    behind.position, level.position = 8, 9

    router.enrol(behind)
    router.enrol(level)
    router.route([stored(10)])

    assert (list(behind.queue), [one.offset for one in level.queue]) == ([], [10])


def test_a_lane_that_was_removed_gets_nothing() -> None:
    lane = make_lane()
    router = following(lane)

    router.remove(lane)
    router.route([stored(1)])

    assert not lane.queue


def test_the_store_may_not_think_itself_farther_than_a_lane_without_a_row() -> None:
    router = Router()
    router.routed = 50
    with_row, without = (make_lane(name, is_following=False) for name in ("with", "without"))
    with_row.position, with_row.has_row, without.position = 10, True, 20
    for lane in (with_row, without):
        router.enrol(lane)

    assert router.lowest_without_row() == 20


def test_what_was_settled_before_a_restart_is_not_given_again() -> None:
    lane = make_lane(is_following=False)
    lane.skip = ((2, 3), (5, 5))
    router = Router()
    router.routed = 6
    router.enrol(lane)

    router.feed([lane], stored_range(1, 6), 0)

    queued = lane.cursor()
    assert [carriage.offset for carriage in take_all(lane)] == [1, 4, 6]
    assert (queued.offset, queued.settled) == (0, ((2, 3), (5, 5)))
    assert lane.cursor().settled == ((2, 3), (5, 5))
    assert not lane.skip


def following(*lanes: Lane) -> Router:
    router = Router()
    for lane in lanes:
        router.enrol(lane)
    return router
