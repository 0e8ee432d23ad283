"""Answers out of bytes, without a socket (RFC 9112): one after the other, within bounds.

httptools says nothing of limits, takes each 1xx for an answer and parses what follows an
answer as the next one; the bounds and the suspicion are here.
"""

import httptools

from sinks.http_call import Answer, BodyLimit

HEAD_BYTES_MAX = 65_536
HEADERS_MAX = 128
INTERIM_ANSWERS_MAX = 16
DRAIN_BYTES_MAX = 65_536  # read beyond what is kept before the connection is given up
_VERSIONS = ("1.1", "1.0")


class _Refused(Exception):
    """Raised in a parser callback to stop parsing; never leaves this module."""


class AnswerReader:
    """`feed` what comes, until there is a `fault` or it `is_complete`; then `forget`.

    `is_plain`: it is the answer alone, without interim ones before it or trailers after it.
    """

    __slots__ = (
        "_body",
        "_body_limit",
        "_cut",
        "_head_bytes",
        "_head_done",
        "_headers",
        "_interim",
        "_keep_bytes",
        "_keeps_alive",
        "_parser",
        "_status",
        "_trailers",
        "body_bytes",
        "fault",
        "has_begun",
        "is_complete",
    )  # fmt: skip

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.forget()

    def forget(self) -> None:
        """The next bytes are of another answer."""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._status = self._head_bytes = self.body_bytes = self._trailers = self._interim = 0
        self._keep_bytes = -1
        self.has_begun = self.is_complete = False
        self._cut = self._head_done = self._keeps_alive = False
        self.fault: str | None = None

    @property
    def may_be_followed(self) -> bool:
        """Whether it is whole, and the connection good for another one."""
        return self.is_complete and self._keeps_alive

    @property
    def is_plain(self) -> bool:
        return not (self._interim or self._trailers)

    @property
    def ends_with_connection(self) -> bool:
        """Whether it is whole once no more bytes come: it said no length (RFC 9112 6.3)."""
        framing = (b"content-length", b"transfer-encoding")
        return self._head_done and not any(name.lower() in framing for name, _ in self._headers)

    def answer(self) -> Answer:
        body = b"".join(self._body) if self._body else b""
        return Answer(self._status, self._headers, body, self._cut)

    def feed(self, data: bytes, body_limit: BodyLimit) -> None:
        """`body_limit` says of the status and the headers how much of the body is kept."""
        self.has_begun = True
        self._body_limit = body_limit
        fed_head = self._head_done
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.fault = "the sink switched protocols"
        except httptools.HttpParserError as error:
            self._keeps_alive = False
            if self.fault is None and not self.is_complete:
                self.fault = f"the answer is not HTTP/1.1 ({error})"
        if not fed_head and (not self._head_done or self._head_bytes or len(data) > HEAD_BYTES_MAX):
            self._weigh_head(len(data))

    def _weigh_head(self, data_bytes: int) -> None:
        self._head_bytes += data_bytes
        if self._head_bytes <= HEAD_BYTES_MAX:
            return
        if self._head_done:  # the rest was body, perhaps
            self._head_bytes = sum(len(name) + len(value) + 4 for name, value in self._headers)
        if self._head_bytes > HEAD_BYTES_MAX:
            self.fault = f"the head of the answer is over {HEAD_BYTES_MAX} bytes"

    def _refuse(self, fault: str) -> None:
        self.fault = fault
        raise _Refused

    # Callbacks of the parser, in their order.

    def on_message_begin(self) -> None:
        if self.is_complete:
            self._keeps_alive = False
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
            self._keep_bytes = self._body_limit(self._status, self._headers)
        room = self._keep_bytes - self.body_bytes
        self.body_bytes += len(body)
        if room > 0:
            self._body.append(body if len(body) <= room else body[:room])
        if self.body_bytes > self._keep_bytes:
            self._cut = True
            if self.body_bytes > self._keep_bytes + DRAIN_BYTES_MAX:
                self.is_complete = True
                self._keeps_alive = False
                raise _Refused

    def on_message_complete(self) -> None:
        if self._status >= 200:
            self.is_complete = True
            self._keeps_alive = self._parser.should_keep_alive()
            return
        self._interim += 1
        if self._interim > INTERIM_ANSWERS_MAX:
            self._refuse(f"over {INTERIM_ANSWERS_MAX} interim answers")
        self._headers = []
        self._head_done = False
