"""The connections to one origin: kept alive, bounded, last used first."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sinks.http_call import Call, NoAnswer, Usual
from sinks.http_connection import Connection
from sinks.http_dial import CONNECT_SECONDS_MAX, DialFailed

Connect = Callable[[Callable[[], Connection], float], Awaitable[Connection]]


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """Bounds per origin. Beyond `waiting_max` a call gets a NoAnswer at once."""

    connections_max: int = 128  # open or being opened
    waiting_max: int = 4_096
    idle_seconds: float = 15.0
    connect_seconds: float = CONNECT_SECONDS_MAX


class Pool:
    """Gives each call a connection, in the order they came.

    Whoever owns the pool calls
    `sweep` about every `tick_seconds`: deadlines pass and idle connections close there,
    not by a timer each.
    """

    def __init__(self, connect: Connect, wake: Callable[[], None], limits: ClientLimits) -> None:
        self._connect = connect
        self._wake = wake
        self._limits = limits
        self.usual, self.usual_refusal = Usual(), Usual()
        self._idle: list[Connection] = []
        self._connections: set[Connection] = set()
        self._waiting: deque[Call] = deque()
        self._dials: dict[asyncio.Task[None], Call | None] = {}
        self._closed = False

    @property
    def is_quiet(self) -> bool:
        return not (self._connections or self._dials or self._waiting)

    @property
    def open_connections(self) -> int:
        return len(self._connections)

    def submit(self, call: Call) -> None:
        """Send `call` as soon as a connection is there; it may be finished before this returns."""
        if self._idle:
            self._idle.pop().send(call)
        elif self._closed:
            call.finish(NoAnswer("connect", "this process is stopping"))
        elif len(self._waiting) >= self._limits.waiting_max:
            call.finish(
                NoAnswer("connect", f"{self._limits.waiting_max} calls wait for a connection")
            )
        else:
            self._waiting.append(call)
            if len(self._connections) < self._limits.connections_max and (
                len(self._dials) < len(self._waiting)
            ):
                self._dial(None)

    async def warm(self, deadline: float) -> None:
        """Open one more connection and keep it; raises DialFailed with the reason."""
        connection = await self._connect(lambda: Connection(self), deadline)
        if connection.closed or len(self._connections) >= self._limits.connections_max:
            connection.abort()
            return
        self._connections.add(connection)
        self._wake()
        self.free(connection)

    def free(self, connection: Connection) -> None:
        while self._waiting:
            call = self._waiting.popleft()
            if not call.is_finished:
                connection.send(call)
                return
        if self._closed:
            connection.abort()
        else:
            self._idle.append(connection)

    def gone(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if len(self._dials) < len(self._waiting):
            self._dial(None)

    def resend(self, call: Call) -> None:
        # Its siblings may be as stale: a connection of its own, or the same may happen again.
        if self._closed:
            call.finish(NoAnswer("connect", "this process is stopping"))
        else:
            self._dial(call)

    def sweep(self, now: float, idle_ticks_max: int) -> None:
        """Finish calls whose deadline passed; close connections that idled too long."""
        for connection in tuple(self._connections):
            call = connection.call
            if call is None:
                connection.idle_ticks += 1
                if connection.idle_ticks > idle_ticks_max:
                    connection.abort()
            elif call.deadline <= now:
                connection.expire()
        for call in (*self._waiting, *filter(None, self._dials.values())):
            if call.deadline <= now:
                call.finish(NoAnswer("timeout", "the deadline passed while connecting"))
        while self._waiting and self._waiting[0].is_finished:
            self._waiting.popleft()

    async def close(self) -> None:
        """Close all; calls under way get a NoAnswer. The caller has waited for those it needs."""
        self._closed = True
        stopping = NoAnswer("connect", "this process is stopping")
        for call in (*self._waiting, *filter(None, self._dials.values())):
            call.finish(stopping)
        self._waiting.clear()
        for connection in tuple(self._connections):
            pending, connection.call = connection.call, None
            connection.abort()
            if pending is not None:
                pending.finish(stopping)
        dials = tuple(self._dials)
        for dial in dials:
            dial.cancel()
        await asyncio.gather(*dials, return_exceptions=True)

    def _dial(self, call: Call | None) -> None:
        if (
            call is None
            and len(self._connections) + len(self._dials) >= self._limits.connections_max
        ):
            return
        deadline = call.deadline if call else max(waiting.deadline for waiting in self._waiting)
        dial = asyncio.get_running_loop().create_task(self._run_dial(call, deadline))
        self._dials[dial] = call
        dial.add_done_callback(self._dialled)
        self._wake()

    async def _run_dial(self, call: Call | None, deadline: float) -> None:
        try:
            connection = await self._connect(lambda: Connection(self), deadline)
        except DialFailed as failed:
            self._refuse(call, failed)
            return
        if connection.closed:  # at once, by the sink
            self._refuse(call, DialFailed("connect", "the connection closed at once"))
            return
        self._connections.add(connection)
        if call is not None and not call.is_finished:
            connection.send(call)
        else:
            self.free(connection)

    def _refuse(self, call: Call | None, failed: DialFailed) -> None:
        """One failed dial finishes one call: its own, else the one that waits longest."""
        while call is None and self._waiting:
            oldest = self._waiting.popleft()
            call = None if oldest.is_finished else oldest
        if call is not None:
            call.finish(NoAnswer(failed.phase, failed.what))

    def _dialled(self, dial: asyncio.Task[None]) -> None:
        del self._dials[dial]
        if not dial.cancelled():
            dial.result()  # anything but DialFailed is a bug and goes to the loop's handler
            if len(self._dials) < len(self._waiting) and not self._closed:
                self._dial(None)
