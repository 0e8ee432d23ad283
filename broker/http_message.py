"""What passes between the HTTP server and its routes: request, answer, route."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Protocol

Header = tuple[bytes, bytes]

_BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class Request:
    """One request: a head first, its body once all of it is here.

    Header names are lower case, values without white space around them. `content_length` is
    None for a chunked body. `plan` is what the route's `head` gave for it.
    """

    __slots__ = (
        "body", "chunked", "content_encoding", "content_length", "content_type",
        "expects_continue", "headers", "keep_alive", "method", "minor", "plan", "target",
    )  # fmt: skip

    def __init__(self, method: bytes, target: bytes, headers: Sequence[Header], minor: int) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.minor = minor  # HTTP/1.minor
        self.content_type: bytes | None = None
        self.content_encoding: bytes | None = None
        self.content_length = 0
        self.chunked = False
        self.expects_continue = False
        self.keep_alive = True
        self.body = b""
        self.plan: BodyPlan | None = None

    def header(self, name: bytes) -> bytes | None:
        """The value of the first header called `name` (lower case), None if there is none."""
        return next((value for key, value in self.headers if key == name), None)


class Answer:
    """One answer; its bytes are laid out once, so that a common one can be kept and reused.

    The server adds date and connection, the answer itself content-length.
    """

    __slots__ = ("body", "headers", "rest", "start", "status")

    def __init__(self, status: int, headers: Sequence[Header] = (), body: bytes = b"") -> None:
        self.status = status
        self.headers = tuple(headers)
        self.body = body
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        length = b"" if status in _BODILESS else b"content-length: %d\r\n" % len(body)
        self.start = b"HTTP/1.1 %d %b\r\n" % (status, phrase_of(status).encode())
        self.rest = lines + length + b"\r\n"


class BodyPlan:
    """A route's yes to a head: how long the body may be. Routes may subclass it."""

    __slots__ = ("body_bytes_max",)

    def __init__(self, body_bytes_max: int) -> None:
        self.body_bytes_max = body_bytes_max


Respond = Callable[[Answer], None]


class Route(Protocol):
    """Answers the requests below one path."""

    def head(self, request: Request) -> Answer | BodyPlan:
        """Judge the head before the body is read: an answer, or a plan for the body.

        A declared length over the plan's `body_bytes_max` is refused by the server.
        """
        ...

    def receive(self, request: Request, respond: Respond) -> None:
        """Take the whole request; call `respond` exactly once, now or later, on the loop."""
        ...


def laid_out(answer: Answer, request: Request | None, keep: bool, date_line: bytes) -> bytes:
    """The bytes of `answer` to `request` (None: one whose head could not be read)."""
    connection = b"" if keep else b"connection: close\r\n"
    if keep and request is not None and not request.minor:
        connection = b"connection: keep-alive\r\n"
    # RFC 9110 9.3.2: an answer to HEAD has the headers of one to GET and no body.
    body = b"" if request is not None and request.method == b"HEAD" else answer.body
    return b"".join((answer.start, date_line, connection, answer.rest, body))


def phrase_of(status: int) -> str:
    """The reason phrase of `status`, empty for one that is not registered."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
