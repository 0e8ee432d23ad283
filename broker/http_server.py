"""The HTTP/1.1 server: listens, sweeps, drains. What it serves is handed in as routes.

Behind it stand `http_connection` (one peer), `http_reader`, `http_head`, `http_body` (pure:
bytes to requests) and `http_deadlines` (pure: who is late). Why not a ready-made server:
none bounds heads, bodies, rates and peers as a door to strangers must.
"""

import asyncio
import ssl
from collections.abc import Mapping

from broker.clock import Clock
from broker.http_connection import Connection
from broker.http_limits import HttpLimits
from broker.http_message import Route
from broker.http_state import HttpCounts, HttpState


class HttpServer:
    """`routes` are by the path they serve, the longest that fits: `{"/": ingress}`."""

    def __init__(
        self, routes: Mapping[str, Route], clock: Clock, limits: HttpLimits | None = None
    ) -> None:
        self._state = HttpState(routes, limits or HttpLimits(), clock)
        self._listener: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def counts(self) -> HttpCounts:
        return self._state.counts

    @property
    def open_connections(self) -> int:
        return len(self._state.connections)

    async def start(
        self, host: str, port: int, tls: ssl.SSLContext | None = None
    ) -> tuple[str, int]:
        """Listen; gives the address bound, of use where `port` is 0. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: Connection(self._state, loop),
            host,
            port,
            ssl=tls,
            backlog=self._state.limits.backlog,
        )
        self._timer = loop.call_later(self._state.limits.sweep_seconds, self._sweep_again, loop)
        address = self._listener.sockets[0].getsockname()
        return str(address[0]), int(address[1])

    def sweep(self) -> None:
        """Move time on and close what is over a deadline: one timer for all connections."""
        self._state.tick()
        for connection in tuple(self._state.connections):
            connection.check()

    async def drain(self, grace_seconds: float) -> None:
        """Take no more; answer what is under way, each answer closing its connection.

        Gives back when all are closed or `grace_seconds` are over; then call `close`.
        """
        self._state.draining = True
        if self._listener is not None:
            self._listener.close()
        for connection in tuple(self._state.connections):
            connection.drain()
        if not self._state.connections:
            return
        try:
            async with asyncio.timeout(grace_seconds):
                await self._state.empty.wait()
        except TimeoutError:
            return

    def close(self) -> None:
        """Stop at once; who is still connected is cut off."""
        if self._listener is not None:
            self._listener.close()
        if self._timer is not None:
            self._timer.cancel()
        for connection in tuple(self._state.connections):
            connection.cut()

    def _sweep_again(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(self._state.limits.sweep_seconds, self._sweep_again, loop)
        self.sweep()
