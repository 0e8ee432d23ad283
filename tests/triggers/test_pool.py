"""Slots and fairness: who may begin a call, when, and that nobody is forgotten."""

import asyncio
from typing import Any

import pytest

from tests.scenarios.house import LoopClock
from tests.triggers.workshop import carried, make_lane, push, stored_range
from triggers.carriage import Carriage
from triggers.lane import Ended, Lane
from triggers.pool import SLOTS_RESERVED, Pool


class Calls:
    """Carries calls for `seconds` each (0: they end at once), and remembers which began when."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.begun: list[tuple[str, float]] = []
        self.under_way = self.most = 0

    def carry(self, lane: Lane, batch: list[Carriage], ended: Ended) -> None:
        self.begun.append((lane.name.partition("/")[2], LoopClock().monotonic() - 1000.0))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        if self.seconds:
            asyncio.get_running_loop().call_later(self.seconds, self._end, lane, batch, ended)
        else:
            self._end(lane, batch, ended)

    def _end(self, lane: Lane, batch: list[Carriage], ended: Ended) -> None:
        self.under_way -= 1
        carried(lane, batch, ended)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.begun]

    @property
    def times(self) -> list[float]:
        return [round(at, 3) for _, at in self.begun]


@pytest.fixture
def pool() -> Pool:
    return Pool(LoopClock().monotonic, SLOTS_RESERVED + 2)  # two of them are shared


@pytest.fixture
def calls() -> Calls:
    return Calls()


def full(name: str, calls: Calls, events: int = 3, **facts: Any) -> Lane:
    lane = make_lane(name, carry=calls.carry, **facts)
    push(lane, *stored_range(1, events))
    return lane


async def pass_seconds(seconds: float) -> None:
    await asyncio.sleep(seconds)


@pytest.mark.parametrize("seconds", [0.0, 1.0])
async def test_lanes_with_work_take_one_call_each_in_turn(calls: Calls, seconds: float) -> None:
    pool, calls.seconds = Pool(LoopClock().monotonic, slots_max=1), seconds
    lanes = [full(name, calls) for name in "abc"]

    for lane in lanes:
        pool.wake(lane)
    await pass_seconds(60)

    assert "".join(calls.names) == "abcabcabc"


async def test_a_lane_has_no_more_calls_in_flight_than_it_may(pool: Pool, calls: Calls) -> None:
    calls.seconds = 5.0
    lane = full("a", calls, events=10, max_in_flight=2)

    pool.wake(lane)
    await pass_seconds(60)

    assert (calls.most, len(calls.names)) == (2, 10)


async def test_lanes_that_hang_on_all_shared_slots_leave_each_other_its_first_call(
    pool: Pool, calls: Calls
) -> None:
    hanging, others = Calls(1e6), [full(f"o{n}", calls, events=5) for n in range(20)]
    for number in range(10):
        pool.wake(full(f"h{number}", hanging, events=50, max_in_flight=50))
    await pass_seconds(1)

    for lane in others:
        pool.wake(lane)
    await pass_seconds(1)

    assert len(hanging.names) == 10 + 2, "the first call of each, and two shared slots"
    assert sorted(calls.names) == sorted(f"o{n}" for n in range(20) for _ in range(5))


async def test_calls_that_end_free_their_slots_for_whoever_waits_for_one(pool: Pool) -> None:
    calls = Calls(1.0)
    lanes = [full(name, calls, events=20, max_in_flight=20) for name in "ab"]

    for lane in lanes:
        pool.wake(lane)
    await pass_seconds(60)

    assert calls.most == 4, "two first calls and two shared slots"
    assert sorted(calls.names) == ["a"] * 20 + ["b"] * 20


async def test_a_held_target_begins_again_by_itself_when_its_hold_is_over(
    pool: Pool, calls: Calls
) -> None:
    lane = full("a", calls, events=1)
    lane.target.hold(1000.0 + 30.0)

    pool.wake(lane)
    await pass_seconds(120)

    assert calls.times == [30.0]


async def test_what_waits_for_a_target_does_not_keep_others_waiting(
    pool: Pool, calls: Calls
) -> None:
    held, free = full("held", calls), full("free", calls)
    held.target.hold(1000.0 + 30.0)

    pool.wake(held)
    pool.wake(free)
    await pass_seconds(1)

    assert calls.names == ["free"] * 3


async def test_a_rate_spaces_calls_and_begins_again_by_itself(pool: Pool, calls: Calls) -> None:
    lane = full("a", calls, events=6, rate_per_second=2.0)

    pool.wake(lane)
    await pass_seconds(60)

    assert calls.times == pytest.approx([0.0, 0.0, 0.5, 1.0, 1.5, 2.0], abs=0.01)


async def test_a_pause_lets_no_call_begin(pool: Pool, calls: Calls) -> None:
    lane = full("a", calls)
    pool.wake(lane)
    lane.is_paused = True

    await pass_seconds(60)

    assert calls.names == []


async def test_quiet_waits_for_what_is_in_flight_and_lets_nothing_begin(
    pool: Pool, calls: Calls
) -> None:
    calls.seconds = 5.0
    lane = full("a", calls, events=10, max_in_flight=2)
    pool.wake(lane)
    await pass_seconds(1)

    await pool.quiet()
    pool.wake(lane)
    await pass_seconds(60)

    assert (len(calls.names), calls.under_way, pool.calls) == (2, 0, 0)


async def test_quiet_is_at_once_where_nothing_is_in_flight(pool: Pool) -> None:
    async with asyncio.timeout(1):
        await pool.quiet()


async def test_calls_that_end_at_once_do_not_pile_up(pool: Pool, calls: Calls) -> None:
    lane = full("a", calls, events=5000)

    pool.wake(lane)
    await pass_seconds(1)

    assert (len(calls.names), pool.calls, lane.in_flight) == (5000, 0, 0)


async def test_work_that_comes_while_all_waits_is_begun_too(pool: Pool, calls: Calls) -> None:
    calls.seconds = 1.0
    lane = full("a", calls, events=1)
    pool.wake(lane)
    await pass_seconds(0.5)

    push(lane, *stored_range(2, 4))
    pool.wake(lane)
    await pass_seconds(10)

    assert calls.times == [0.0, 0.5, 0.5, 1.0], "two more where there is a shared slot"
