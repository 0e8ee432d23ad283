"""One connection to a sink: a POST at a time, its answer read as its bytes come (RFC 9112)."""

import asyncio
from typing import Protocol, cast

from sinks.http_call import Answer, Call, NoAnswer, Usual
from sinks.http_reader import AnswerReader

USUAL_BYTES_MAX = 1_024


class Owner(Protocol):
    """Whom a connection tells what became of it, before its call is finished."""

    usual: Usual  # a bodiless 2xx
    usual_refusal: Usual  # any other status, with its body

    def free(self, connection: "Connection") -> None:
        """It may carry the next call."""
        ...

    def gone(self, connection: "Connection") -> None:
        """It is closed, or about to be."""
        ...

    def resend(self, call: Call) -> None:
        """A reused connection died under `call` before any answer byte."""
        ...


class Connection(asyncio.Protocol):
    """`call` is the one under way, None while idle; `idle_ticks` counts sweeps without any."""

    __slots__ = (
        "_owner",
        "_reader",
        "_served",
        "_transport",
        "_usual",
        "_usual_refusal",
        "_whole",
        "call",
        "closed",
        "idle_ticks",
    )  # fmt: skip

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._usual = owner.usual
        self._usual_refusal = owner.usual_refusal
        self._whole: bytes | None = None
        self._reader = AnswerReader()
        self._transport: asyncio.Transport | None = None
        self._served = False
        self.call: Call | None = None
        self.closed = False
        self.idle_ticks = 0

    def send(self, call: Call) -> None:
        """Write one request; its answer, or the lack of one, finishes `call`."""
        self.call = call
        self.idle_ticks = 0
        transport = self._transport
        assert transport is not None
        if call.body:
            transport.writelines((call.head, call.body))
        else:
            transport.write(call.head)

    def expire(self) -> None:
        """The deadline of the call passed: give it up, and the connection with it."""
        assert self._transport is not None
        writing = self._transport.get_write_buffer_size() > 0
        doing = "it read the request" if writing else "it answered"
        if self._reader.has_begun:
            doing = "the answer was whole"
        self._give_up("timeout", f"the deadline passed before {doing}")

    def abort(self) -> None:
        """Close at once. A call under way must have been finished by the caller."""
        self.closed = True
        self._owner.gone(self)
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's; they only behave like them.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        usual = self._usual
        if data != usual.data:
            usual = self._usual_refusal
        if data == usual.data and not self._reader.has_begun and usual.answer is not None:
            call, transport = self.call, self._transport
            if call is not None and transport is not None and not transport.get_write_buffer_size():
                self.call = None
                self._served = True
                self._owner.free(self)
                call.finish(usual.answer)
                return
        if self.call is None:
            # Bytes nobody asked for could be taken for the next answer.
            if not self.closed:
                self.abort()
            return
        reader = self._reader
        self._whole = None if reader.has_begun else data
        self.call.heard()
        reader.feed(data, self.call.body_limit)
        if reader.fault is not None:
            self._give_up("read", reader.fault)
        elif reader.is_complete:
            self._finish()

    def eof_received(self) -> None:
        self._end(None)
        if not self.closed:  # idle: out of the pool before the next call takes it
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc)
        if not self.closed:
            self.closed = True
            self._owner.gone(self)

    def _end(self, error: Exception | None) -> None:
        """No more bytes will come."""
        call = self.call
        if call is None:
            return
        if not self._reader.has_begun and self._served and not call.resent:
            # The sink closed while idle, most likely; one fresh try is part of this attempt.
            self.call = None
            call.resent = True
            self.abort()
            self._owner.resend(call)
        elif error is None and self._reader.ends_with_connection:
            self._finish()
        elif self._reader.has_begun:
            self._give_up("read", "the connection broke in the middle of the answer")
        else:
            self._give_up("read", "the connection closed without an answer")

    def _finish(self) -> None:
        call, transport = self.call, self._transport
        assert call is not None
        assert transport is not None
        self.call = None
        reader = self._reader
        answer, may_be_followed = reader.answer(), reader.may_be_followed
        if may_be_followed:
            self._remember(answer)
        # Unwritten bytes: it answered early, and would take the rest for the next request.
        if may_be_followed and transport.get_write_buffer_size() == 0:
            self._served = True
            reader.forget()
            self._owner.free(self)
        else:
            self.abort()
        call.finish(answer)

    def _remember(self, answer: Answer) -> None:
        """Keep a short, plain answer that came in one piece on a connection that lives."""
        data, reader = self._whole, self._reader
        if data is None or len(data) > USUAL_BYTES_MAX or not reader.is_plain:
            return
        if not 200 <= answer.status < 300:
            self._usual_refusal.data, self._usual_refusal.answer = bytes(data), answer
        elif not reader.body_bytes:
            self._usual.data, self._usual.answer = bytes(data), answer

    def _give_up(self, phase: str, message: str) -> None:
        call = self.call
        self.call = None
        self.abort()
        if call is not None:
            call.finish(NoAnswer(phase, message))
