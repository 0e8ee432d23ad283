"""Requests out of bytes, without a socket: heads to their empty line, bodies to their end."""

from broker.http_body import BrokenChunks, ChunkedBody
from broker.http_head import HEAD_END, Refused, check_partial, head_too_large, read_head
from broker.http_limits import HttpLimits
from broker.http_message import Request
from broker.http_refusals import broken_chunks, too_large


class RequestReader:
    """Reads one request after the other; the caller says when a head has become a body.

    `take_head` until it gives a request; then, unless `whole` had all of it, `begin_body` and
    `take_body` until that is true. Positions are those of the `data` handed in: what follows a
    request in it is left for the next.
    """

    __slots__ = ("_body", "_chunks", "_head", "_limits", "_request", "at")

    def __init__(self, limits: HttpLimits) -> None:
        self.at = 0  # how far the last call went in its data
        self._limits = limits
        self._head = b""
        self._body = bytearray()
        self._chunks: ChunkedBody | None = None
        self._request: Request | None = None

    @property
    def has_begun(self) -> bool:
        """Bytes of a head have come that have no end yet."""
        return bool(self._head)

    @property
    def body_bytes(self) -> int:
        """How much of an unfinished body is here."""
        return len(self._body)

    def take_head(self, data: bytes, at: int) -> Request | None:
        """The request whose head ends in `data`; None while the end has not come.

        Raises Refused, also for a head without an end that no further byte can mend.
        """
        if self._head:
            return self._take_rest_of_head(data)
        if data.startswith(b"\r\n", at):
            at += 2  # RFC 9112 2.2: an empty line before a request is passed over
        end = data.find(HEAD_END, at) + 4
        if end < 4:
            self._keep_head(data[at:])
            self.at = len(data)
            return None
        self.at = end
        return self._read(data[at:end])

    def whole(self, request: Request, data: bytes) -> bool:
        """Whether all of the body is in `data` already; it is then the request's."""
        end = self.at + request.content_length
        if request.chunked or end > len(data):
            return False
        if request.content_length:
            request.body = data[self.at : end]
            self.at = end
        return True

    def begin_body(self, request: Request) -> None:
        self._request = request
        self._body = bytearray()
        self._chunks = ChunkedBody() if request.chunked else None

    def take_body(self, data: bytes, at: int) -> bool:
        """Whether the body is complete; the request then has it. Raises Refused."""
        request = self._request
        assert request is not None
        assert request.plan is not None
        is_complete = self._add(request, data, at)
        if len(self._body) > request.plan.body_bytes_max:
            raise Refused(too_large(request.plan.body_bytes_max))
        if is_complete:
            request.body = bytes(self._body)
            self.forget()
        return is_complete

    def forget(self) -> None:
        """Let go of what is unfinished."""
        self._head = b""
        self._body = bytearray()
        self._chunks = self._request = None

    def _take_rest_of_head(self, data: bytes) -> Request | None:
        joined = self._head + data
        skip = 2 if joined.startswith(b"\r\n") else 0
        # The empty line may have begun in the read before.
        end = joined.find(HEAD_END, max(skip, len(self._head) - 3)) + 4
        if end < 4:
            self._keep_head(joined[skip:])
            self.at = len(data)
            return None
        self.at = end - len(self._head)
        self._head = b""
        return self._read(joined[skip:end])

    def _read(self, head: bytes) -> Request:
        if len(head) > self._limits.head_bytes_max:
            raise head_too_large(self._limits)
        return read_head(head, self._limits)

    def _keep_head(self, head: bytes) -> None:
        check_partial(head, self._limits)
        self._head = head

    def _add(self, request: Request, data: bytes, at: int) -> bool:
        if self._chunks is None:
            self.at = min(len(data), at + request.content_length - len(self._body))
            self._body += memoryview(data)[at : self.at]
            return len(self._body) == request.content_length
        try:
            self.at = self._chunks.feed(data, at)
        except BrokenChunks as error:
            raise Refused(broken_chunks(str(error))) from None
        self._body = self._chunks.body
        return self._chunks.complete
