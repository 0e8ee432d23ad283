"""One peer's connection: bytes in, requests to their routes, answers out, in order.

    WAITING ─▶ HEAD ─▶ BODY ─▶ ANSWERING ─▶ WAITING …
                 └──────┴─────────┴──▶ LINGERING ─▶ CLOSED     (refused, or the last one)

One request at a time: what a peer sends meanwhile is held, beyond a bound not even read.
"""

import asyncio
from typing import cast

from broker.http_deadlines import (
    ANSWERING,
    BODY,
    CLOSED,
    HEAD,
    LINGERING,
    WAITING,
    Standing,
    overdue,
)
from broker.http_head import Refused
from broker.http_inflow import Inflow
from broker.http_message import Answer, Request, Respond, Route, laid_out
from broker.http_reader import RequestReader
from broker.http_refusals import BODIES_FULL, NO_ROUTE, too_large
from broker.http_state import HttpState

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection(asyncio.Protocol):
    """A protocol of asyncio or uvloop; the server makes one per connection."""

    __slots__ = (
        "_ended", "_inflow", "_loop", "_peer", "_reader", "_request", "_respond", "_route",
        "_state", "_transport", "_unread_since", "phase", "received_at", "since",
    )  # fmt: skip

    def __init__(self, state: HttpState, loop: asyncio.AbstractEventLoop) -> None:
        self.phase = HEAD  # a fresh connection owes a head as one does that began one
        self.since = state.seconds
        self.received_at = 0.0
        self._state = state
        self._loop = loop
        self._reader = RequestReader(state.limits)
        self._inflow = Inflow(state, self._reader)
        self._respond: Respond | None = self.respond  # bound once, not per request
        self._ended = False  # the peer sends no more
        self._unread_since: float | None = None
        self._peer: str | None = None  # None: refused, so not counted
        self._request: Request | None = None
        self._route: Route | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=self._state.limits.write_bytes_max)
        address = transport.get_extra_info("peername")
        peer = str(address[0]) if address else "-"
        refusal = self._state.welcome(peer)
        self._state.connections.add(self)
        if refusal is not None:
            self._turn_away(refusal)
            return
        self._peer = peer
        if self._state.draining:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        if self._inflow.held:
            self._hold(data, 0)
        else:
            self._take(data, 0)

    def eof_received(self) -> bool:
        """Half-closed: what came whole is still answered, then the connection is closed."""
        self._ended = True
        can_half_close = self._transport is not None and self._transport.can_write_eof()
        return self.phase == ANSWERING and can_half_close  # TLS cannot

    def pause_writing(self) -> None:
        self._unread_since = self._state.seconds
        self._inflow.stop(self._transport)

    def resume_writing(self) -> None:
        self._unread_since = None
        self._loop.call_soon(self._resume)

    def connection_lost(self, exc: Exception | None) -> None:
        self.phase = CLOSED
        self._inflow.forget()
        self._state.connections.discard(self)
        self._state.farewell(self._peer)
        self._request = self._route = self._transport = self._respond = None

    def check(self) -> None:
        """Refuse or cut off who is over a deadline; called by the sweep."""
        is_young = self._state.seconds - self.since < self._state.patience_seconds
        if is_young and self._unread_since is None:
            return
        verdict = overdue(self._standing(), self._state.seconds, self._state.limits)
        if isinstance(verdict, Answer):
            self._refuse(verdict)
        elif verdict is not None:
            self.cut()

    def drain(self) -> None:
        """Close, unless a request is under way: that gets its answer first."""
        idle = self.phase == WAITING or (self.phase == HEAD and not self._reader.has_begun)
        if idle and self._transport is not None:
            self._transport.close()

    def cut(self) -> None:
        """End it now, answered or not."""
        if self._transport is not None:
            self._transport.abort()

    def _take(self, data: bytes, at: int) -> None:
        """Go through `data` until its end, or until a request must be answered first."""
        try:
            while at < len(data):
                if self.phase >= ANSWERING or self._unread_since is not None:
                    self._hold(data, at)
                    return
                if self.phase <= HEAD:
                    request = self._reader.take_head(data, at)
                    if request is None:
                        self._begin(HEAD)
                    else:
                        self._meet(request, data)
                else:
                    self._take_body(data, at)
                at = self._reader.at
        except Refused as refused:
            self._refuse(refused.answer)

    def _meet(self, request: Request, data: bytes) -> None:
        """Let the route judge the head; then the body is here, begun or refused."""
        self._state.counts.requests += 1
        self._request = request
        route = self._route = self._state.route_of(request.target)
        judged = NO_ROUTE if route is None else route.head(request)
        if not isinstance(judged, Answer):
            request.plan = judged
            if request.content_length > judged.body_bytes_max:
                raise Refused(too_large(judged.body_bytes_max))
        is_whole = self._reader.whole(request, data)
        if isinstance(judged, Answer):
            if not is_whole:
                raise Refused(judged)
            self._begin(ANSWERING)
            self.respond(judged)
        elif is_whole:
            self._deliver(request)
        else:
            self._begin_body(request, is_expecting=self._reader.at == len(data))

    def _begin_body(self, request: Request, is_expecting: bool) -> None:
        self._begin(BODY)
        self.received_at = self.since
        self._reader.begin_body(request)
        # Only now: the head is judged and the length allowed (RFC 9110 10.1.1).
        if request.expects_continue and is_expecting and self._transport is not None:
            self._transport.write(CONTINUE)

    def _take_body(self, data: bytes, at: int) -> None:
        is_complete = self._reader.take_body(data, at)
        self.received_at = self._state.seconds
        self._inflow.count()
        if is_complete:
            assert self._request is not None
            self._deliver(self._request)
        elif self._state.has_too_many_bytes():
            raise Refused(BODIES_FULL)

    def _deliver(self, request: Request) -> None:
        self._begin(ANSWERING)
        if self._route is not None and self._respond is not None:
            self._route.receive(request, self._respond)

    def _begin(self, phase: int) -> None:
        if self.phase != phase:
            self.phase = phase
            self.since = self._state.seconds

    def _hold(self, data: bytes, at: int) -> None:
        """Keep what came behind the request being answered; over the bound read no more."""
        if self.phase > ANSWERING:
            return
        if not self._inflow.hold(data, at):
            self._inflow.stop(self._transport)
        if self._state.has_too_many_bytes():
            self.cut()

    def _resume(self) -> None:
        """Go on with what is held, once the request before it is answered and read."""
        if self.phase >= ANSWERING or self._unread_since is not None:
            return
        self._take(*self._inflow.take())
        self._inflow.count()
        transport = self._transport
        if self._inflow.held or transport is None:
            return
        if self._ended and self.phase < ANSWERING:
            transport.close()
        else:
            self._inflow.go_on(transport)

    def respond(self, answer: Answer) -> None:
        """Write the answer to the request under way; one whose peer is gone needs none."""
        request = self._request
        if self.phase != ANSWERING or request is None:
            return
        is_last = self._ended and not self._inflow.held
        keep = request.keep_alive and not self._state.draining and not is_last
        self._write(answer, request, keep)
        self._request = None
        if not keep:
            self._end()
            return
        self._begin(WAITING)
        if self._inflow.held:
            self._loop.call_soon(self._resume)

    def _write(self, answer: Answer, request: Request | None, keep: bool) -> None:
        self._state.counts.answered(answer.status)
        if self._transport is not None:
            self._transport.write(laid_out(answer, request, keep, self._state.date_line))

    def _end(self) -> None:
        self._begin(LINGERING)
        self._inflow.forget()
        if self._transport is not None:
            self._transport.close()

    def _refuse(self, answer: Answer) -> None:
        """Answer, and close when the peer has read that it need send no more.

        Closing at once with bytes unread would reset the connection, and the peer might lose
        the answer (RFC 9112 9.6).
        """
        self._write(answer, self._request, keep=False)
        self._request = None
        self._begin(LINGERING)
        self._inflow.forget()
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if self._inflow.is_reading and transport.can_write_eof():
            transport.write_eof()
        else:
            transport.close()

    def _turn_away(self, answer: Answer) -> None:
        if self._state.refusals > self._state.limits.refusals_max:
            self.phase = LINGERING
            self.cut()
        else:
            self._refuse(answer)

    def _standing(self) -> Standing:
        return Standing(
            self.phase, self.since, self._reader.has_begun, self._reader.body_bytes,
            self.received_at, self._unread_since,
        )  # fmt: skip
