"""Who is late, judged without waiting."""

import pytest

from broker.http_deadlines import (
    ANSWERING,
    BODY,
    CUT,
    HEAD,
    LINGERING,
    WAITING,
    Standing,
    overdue,
)
from broker.http_limits import HttpLimits
from broker.http_message import Answer
from broker.http_state import HttpState
from tests.broker.door import Echo, HandClock

LIMITS = HttpLimits()


def verdict(standing: Standing, now: float) -> int | str | None:
    found = overdue(standing, now, LIMITS)
    return found.status if isinstance(found, Answer) else found


@pytest.mark.parametrize(
    ("standing", "in_time", "late", "told"),
    [
        (Standing(WAITING, 0.0), 75.0, 75.5, CUT),
        (Standing(HEAD, 0.0), 10.0, 10.5, CUT),
        (Standing(HEAD, 0.0, has_begun=True), 10.0, 10.5, 408),
        (Standing(BODY, 0.0, body_bytes=10**6), 5.0, 5.5, 408),
        (Standing(BODY, 0.0, body_bytes=10**6, received_at=29.0), 30.0, 30.5, 408),
        (Standing(BODY, 0.0, body_bytes=40_000, received_at=9.0), 10.0, 10.5, 408),
        (Standing(ANSWERING, 0.0), 15.0, 15.5, 503),
        (Standing(LINGERING, 0.0), 2.0, 2.5, CUT),
        (Standing(WAITING, 0.0, unread_since=50.0), 60.0, 60.5, CUT),
    ],
)
def test_each_phase_has_its_deadline(
    standing: Standing, in_time: float, late: float, told: int | str
) -> None:
    assert verdict(standing, in_time) is None
    assert verdict(standing, late) == told


def test_a_body_of_4_kib_a_second_is_fast_enough() -> None:
    for now in range(1, 30):
        standing = Standing(BODY, 0.0, body_bytes=4096 * now, received_at=now)

        assert verdict(standing, now + 0.2) is None


def test_a_loop_that_stood_still_is_not_held_against_the_peers() -> None:
    clock = HandClock()
    state = HttpState({"/": Echo()}, LIMITS, clock)

    clock.seconds += 60.0
    state.tick()

    assert state.seconds == 2 * LIMITS.sweep_seconds
