"""When a connection is over its time, and what becomes of it: pure, asked by the sweep."""

from broker.http_limits import HttpLimits
from broker.http_message import Answer
from broker.http_refusals import BODY_STALLED, HEAD_STALLED, NOT_ANSWERED

# What a connection is doing, in the order of a request's life.
WAITING = 0  # between requests
HEAD = 1
BODY = 2
ANSWERING = 3  # the route has the request
LINGERING = 4  # the last answer is written; what still comes is dropped
CLOSED = 5


class Standing:
    """Where a connection stands; times are the server's seconds.

    `since` is when the phase began, `received_at` when the body's last bytes came,
    `unread_since` since when the peer reads no answers (None: it does).
    """

    __slots__ = ("body_bytes", "has_begun", "phase", "received_at", "since", "unread_since")

    def __init__(
        self,
        phase: int,
        since: float,
        has_begun: bool = False,
        body_bytes: int = 0,
        received_at: float = 0.0,
        unread_since: float | None = None,
    ) -> None:
        self.phase = phase
        self.since = since
        self.has_begun = has_begun  # bytes of the head are here
        self.body_bytes = body_bytes
        self.received_at = received_at
        self.unread_since = unread_since


CUT = "cut"


def overdue(standing: Standing, now: float, limits: HttpLimits) -> Answer | str | None:
    """The refusal to send, `CUT`, or None while there is time left.

    A sweep may be one interval old when it notes a beginning, so each limit gets that more.
    """
    if standing.unread_since is not None:
        unread = now - standing.unread_since - limits.sweep_seconds
        return CUT if unread > limits.write_stall_seconds else None
    age = now - standing.since - limits.sweep_seconds
    phase = standing.phase
    if phase == HEAD:  # who said nothing is not told off either (RFC 9112 9.5)
        late = age > limits.head_seconds
        return (HEAD_STALLED if standing.has_begun else CUT) if late else None
    if phase == BODY:
        return BODY_STALLED if _body_is_late(standing, age, now, limits) else None
    if phase == ANSWERING:
        return NOT_ANSWERED if age > limits.answer_seconds else None
    seconds_max = limits.idle_seconds if phase == WAITING else limits.linger_seconds
    return CUT if age > seconds_max else None


def _body_is_late(standing: Standing, age: float, now: float, limits: HttpLimits) -> bool:
    stalled = now - standing.received_at - limits.sweep_seconds > limits.body_stall_seconds
    enough = limits.body_rate_bytes_per_second * age
    slow = age > limits.body_rate_after_seconds and standing.body_bytes < enough
    return stalled or slow or age > limits.body_seconds
