"""One connection to a sink: a POST at a time, its answer parsed by callbacks (RFC 9112).

httptools says nothing of limits, takes each 1xx for an answer and parses what follows an
answer as the next one; the bounds and the suspicion are here.
"""

import asyncio
from typing import Protocol, cast

import httptools

from sinks.http_call import Answer, Call, NoAnswer, Usual

HEAD_BYTES_MAX = 65_536
HEADERS_MAX = 128
INTERIM_ANSWERS_MAX = 16
DRAIN_BYTES_MAX = 65_536  # read beyond what is kept before the connection is given up
USUAL_BYTES_MAX = 1_024
_VERSIONS = ("1.1", "1.0")


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


class _Refused(Exception):
    """Raised in a parser callback to stop parsing; never leaves this module."""


class Connection(asyncio.Protocol):
    """`call` is the one under way, None while idle; `idle_ticks` counts sweeps without any."""

    __slots__ = (
        "_answered",
        "_body",
        "_body_bytes",
        "_complete",
        "_cut",
        "_fault",
        "_head_bytes",
        "_head_done",
        "_headers",
        "_interim",
        "_keep_alive",
        "_keep_bytes",
        "_owner",
        "_parser",
        "_served",
        "_status",
        "_trailers",
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
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._served = False
        self.call: Call | None = None
        self.closed = False
        self.idle_ticks = 0
        self._expect()

    def _expect(self) -> None:
        """Forget the last answer."""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._status = self._head_bytes = self._body_bytes = self._trailers = self._interim = 0
        self._keep_bytes = -1
        self._answered = self._complete = self._cut = self._head_done = self._keep_alive = False
        self._fault: str | None = None

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
        if self._answered:
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
        if data == usual.data and not self._answered and usual.answer is not None:
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
        self._whole = None if self._answered else data
        self._answered = True
        self.call.heard()
        fed_head = self._head_done
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fault = "the sink switched protocols"
        except httptools.HttpParserError as error:
            self._keep_alive = False
            if self._fault is None and not self._complete:
                self._fault = f"the answer is not HTTP/1.1 ({error})"
        if not fed_head and (not self._head_done or self._head_bytes or len(data) > HEAD_BYTES_MAX):
            self._weigh_head(len(data))
        if self._fault is not None:
            self._give_up("read", self._fault)
        elif self._complete:
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

    def _weigh_head(self, data_bytes: int) -> None:
        self._head_bytes += data_bytes
        if self._head_bytes <= HEAD_BYTES_MAX:
            return
        if self._head_done:  # the rest was body, perhaps
            self._head_bytes = sum(len(name) + len(value) + 4 for name, value in self._headers)
        if self._head_bytes > HEAD_BYTES_MAX:
            self._fault = f"the head of the answer is over {HEAD_BYTES_MAX} bytes"

    def _end(self, error: Exception | None) -> None:
        """No more bytes will come."""
        call = self.call
        if call is None:
            return
        if not self._answered and self._served and not call.resent:
            # The sink closed while idle, most likely; one fresh try is part of this attempt.
            self.call = None
            call.resent = True
            self.abort()
            self._owner.resend(call)
        elif error is None and self._head_done and not self._declares_length():
            self._finish()
        elif self._answered:
            self._give_up("read", "the connection broke in the middle of the answer")
        else:
            self._give_up("read", "the connection closed without an answer")

    def _declares_length(self) -> bool:
        framing = (b"content-length", b"transfer-encoding")
        return any(name.lower() in framing for name, _ in self._headers)

    def _finish(self) -> None:
        call, transport = self.call, self._transport
        assert call is not None
        assert transport is not None
        self.call = None
        body = b"".join(self._body) if self._body else b""
        answer = Answer(self._status, self._headers, body, self._cut)
        self._remember(answer)
        # Unwritten bytes: it answered early, and would take the rest for the next request.
        if self._keep_alive and self._complete and transport.get_write_buffer_size() == 0:
            self._served = True
            self._expect()
            self._owner.free(self)
        else:
            self.abort()
        call.finish(answer)

    def _remember(self, answer: Answer) -> None:
        """Keep a short, plain answer that came in one piece on a connection that lives."""
        data = self._whole
        if (
            data is None
            or not (self._keep_alive and self._complete)
            or self._interim
            or self._trailers
            or len(data) > USUAL_BYTES_MAX
        ):
            return
        if not 200 <= answer.status < 300:
            self._usual_refusal.data, self._usual_refusal.answer = bytes(data), answer
        elif not self._body_bytes:
            self._usual.data, self._usual.answer = bytes(data), answer

    def _give_up(self, phase: str, message: str) -> None:
        call = self.call
        self.call = None
        self.abort()
        if call is not None:
            call.finish(NoAnswer(phase, message))

    def _refuse(self, fault: str) -> None:
        self._fault = fault
        raise _Refused

    # Callbacks of the parser, in their order.

    def on_message_begin(self) -> None:
        if self._complete:
            self._keep_alive = False
            raise _Refused

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head_done:  # a trailer: it must not pass for a header
            self._trailers += 1
            if self._trailers > HEADERS_MAX:
                self._refuse(f"the answer has over {HEADERS_MAX} trailers")
            return
        if len(self._headers) == HEADERS_MAX:
            self._refuse(f"the answer has over {HEADERS_MAX} headers")
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._status = status = self._parser.get_status_code()
        self._head_done = True
        if self._parser.get_http_version() not in _VERSIONS:
            self._refuse(f"the answer is HTTP/{self._parser.get_http_version()}, not HTTP/1.1")
        if status < 100 or status == 101:
            self._refuse(f"the answer has the status {status:03d}")

    def on_body(self, body: bytes) -> None:
        if self._keep_bytes < 0:
            assert self.call is not None
            self._keep_bytes = self.call.body_limit(self._status, self._headers)
        room = self._keep_bytes - self._body_bytes
        self._body_bytes += len(body)
        if room > 0:
            self._body.append(body if len(body) <= room else body[:room])
        if self._body_bytes > self._keep_bytes:
            self._cut = True
            if self._body_bytes > self._keep_bytes + DRAIN_BYTES_MAX:
                self._complete = True
                self._keep_alive = False
                raise _Refused

    def on_message_complete(self) -> None:
        if self._status >= 200:
            self._complete = True
            self._keep_alive = self._parser.should_keep_alive()
            return
        self._interim += 1
        if self._interim > INTERIM_ANSWERS_MAX:
            self._refuse(f"over {INTERIM_ANSWERS_MAX} interim answers")
        self._headers = []
        self._head_done = False
