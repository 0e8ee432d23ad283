"""What the connections of one server share: bounds taken, time as they feel it, counts."""

import asyncio
from collections.abc import Mapping
from email.utils import formatdate
from typing import TYPE_CHECKING

from broker.clock import Clock
from broker.http_limits import HttpLimits
from broker.http_message import Answer, Route
from broker.http_refusals import PEER_FULL, SERVER_FULL

if TYPE_CHECKING:
    from broker.http_connection import Connection


class HttpCounts:
    """Plain counters, read when somebody scrapes."""

    __slots__ = ("answers", "connections", "connections_refused", "requests")

    def __init__(self) -> None:
        self.connections = 0
        self.connections_refused = 0
        self.requests = 0
        self.answers: dict[int, int] = {}  # by status

    def answered(self, status: int) -> None:
        self.answers[status] = self.answers.get(status, 0) + 1


class HttpState:
    """Made by the server, read and written by its connections.

    `seconds` is time in which the loop turned: the sweep moves it on by what passed, but by
    no more than two sweeps at once, so a loop that stood still punishes no peer.
    """

    __slots__ = (
        "_clock", "_dated", "_peers", "_swept", "connections", "counts", "date_line", "draining",
        "empty", "limits", "patience_seconds", "refusals", "routes", "seconds", "unfinished_bytes",
    )  # fmt: skip

    def __init__(self, routes: Mapping[str, Route], limits: HttpLimits, clock: Clock) -> None:
        longest_first = sorted(routes.items(), key=lambda item: -len(item[0]))
        self.routes = tuple((path.encode(), route) for path, route in longest_first)
        self.limits = limits
        self.patience_seconds = min(  # nothing younger than this can be overdue
            limits.head_seconds, limits.body_stall_seconds, limits.body_seconds,
            limits.body_rate_after_seconds, limits.answer_seconds, limits.idle_seconds,
            limits.linger_seconds,
        )  # fmt: skip
        self.counts = HttpCounts()
        self.connections: set[Connection] = set()
        self.refusals = 0
        self.unfinished_bytes = 0  # bodies on their way, pipelined bytes
        self.draining = False
        self.empty = asyncio.Event()  # set by the last connection that closes while draining
        self.seconds = 0.0
        self.date_line = b""
        self._clock = clock
        self._swept = clock.monotonic()
        self._dated = 0
        self._peers: dict[str, int] = {}
        self._write_date()

    def tick(self) -> None:
        """Move time on; called by the sweep."""
        now = self._clock.monotonic()
        self.seconds += min(now - self._swept, 2 * self.limits.sweep_seconds)
        self._swept = now
        self._write_date()

    def route_of(self, target: bytes) -> Route | None:
        """The route with the longest path that `target` begins with."""
        for path, route in self.routes:
            if target.startswith(path):
                return route
        return None

    def welcome(self, peer: str) -> Answer | None:
        """Count a connection of `peer` in; or the refusal, for a server or a peer that is full."""
        taken = self._peers.get(peer, 0)
        refusal = None
        if len(self.connections) - self.refusals >= self.limits.connections_max:
            refusal = SERVER_FULL
        elif taken >= self.limits.connections_per_peer_max:
            refusal = PEER_FULL
        if refusal is not None:
            self.refusals += 1
            self.counts.connections_refused += 1
            return refusal
        self.counts.connections += 1
        self._peers[peer] = taken + 1
        return None

    def farewell(self, peer: str | None) -> None:
        """Count a connection out; `peer` None is one that was refused."""
        if peer is None:
            self.refusals -= 1
        elif self._peers[peer] > 1:
            self._peers[peer] -= 1
        else:
            del self._peers[peer]
        if self.draining and not self.connections:
            self.empty.set()

    def has_too_many_bytes(self) -> bool:
        return self.unfinished_bytes > self.limits.unfinished_bytes_max

    def _write_date(self) -> None:
        seconds = int(self._clock.now().timestamp())
        if seconds != self._dated:
            self._dated = seconds
            # RFC 9110 6.6.1: a server with a clock dates its answers.
            self.date_line = b"date: %b\r\n" % formatdate(seconds, usegmt=True).encode()
