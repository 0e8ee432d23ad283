"""How many letters go ahead of a sink, by how fast it takes them, with time as a value."""

import pytest

from triggers.redrive.flow import AHEAD_MAX, Flow, Learned

SHARE = 8
WAY_SECONDS = 0.03  # through a checkpoint, and into the lane


def run(call_seconds: float, rate_per_second: float, seconds: float = 10.0) -> tuple[float, Flow]:
    """How many a second go in the end, of a sink that takes so long, SHARE at once.

    Each step is one look and one checkpoint.
    """
    flow, now = Flow(0.0, WAY_SECONDS / 2), 0.0
    ahead: list[float] = []  # when each has ended
    busy = [0.0] * SHARE
    sent, counted, due = 0, 0, 0.0
    while now < seconds:
        ahead = [end for end in ahead if end > now]
        flow.look(len(ahead), now)
        due += rate_per_second * WAY_SECONDS
        room = max(0, flow.ahead_max(SHARE) - len(ahead))
        count = min(room, int(due))
        if count < room:
            flow.learned.let()
        flow.sent(count, WAY_SECONDS / 2)
        due = min(due - count, rate_per_second * 0.2)
        for _ in range(count):
            slot = busy.index(min(busy))
            busy[slot] = max(busy[slot], now + WAY_SECONDS) + call_seconds
            ahead.append(busy[slot])
        sent += count
        counted += count if now >= seconds / 2 else 0
        now += WAY_SECONDS
    return counted / (seconds / 2), flow


@pytest.mark.parametrize("rate", [50.0, 1_000.0, 3_000.0])
def test_a_fast_sink_gets_what_the_rate_lets_go(rate: float) -> None:
    per_second, flow = run(0.001, rate)

    assert per_second == pytest.approx(rate, rel=0.1)
    assert flow.learned.per_second is None, "it was never asked for more than it takes"


@pytest.mark.parametrize("call_seconds", [0.01, 0.1, 1.0])
def test_a_slow_sink_is_kept_busy_and_its_pace_is_learned(call_seconds: float) -> None:
    possible = SHARE / call_seconds

    per_second, flow = run(call_seconds, 3_000.0, seconds=30.0)

    assert per_second == pytest.approx(possible, rel=0.1)
    assert flow.learned.per_second == pytest.approx(possible, rel=0.2)


@pytest.mark.parametrize("call_seconds", [0.01, 0.1, 1.0])
def test_no_long_queue_waits_before_a_slow_sink(call_seconds: float) -> None:
    _, flow = run(call_seconds, 3_000.0)

    queued_seconds = (flow.ahead_max(SHARE) - SHARE) * call_seconds / SHARE

    assert queued_seconds <= 10 * WAY_SECONDS


def test_at_most_so_many_go_ahead_however_fast_the_sink_is() -> None:
    flow = Flow(0.0, 0.5)

    flow.sent(1_000_000, 0.5)
    flow.look(0, 1.0)

    assert flow.ahead_max(SHARE) == AHEAD_MAX


def test_after_a_while_without_a_job_its_speed_is_not_known() -> None:
    flow = Flow(0.0, WAY_SECONDS)
    flow.sent(1_000, 0.01)
    flow.look(0, 1.0)

    flow.look(0, 60.0)

    assert flow.ahead_max(SHARE) == SHARE


def test_what_takes_more_than_was_learned_is_unknown_again() -> None:
    learned = Learned(0.0)
    learned.note(100, 1.0)

    learned.let()
    learned.note(200, 2.0)

    assert learned.per_second is None


def test_what_a_rate_held_back_says_nothing_of_what_is_possible() -> None:
    learned = Learned(0.0)
    learned.note(100, 1.0)

    learned.let()
    learned.note(50, 2.0)

    assert learned.per_second == 100.0
