"""A request's head, judged as a pure function: bytes in, a `Request` or `Refused` out.

httptools (llhttp) is the strict parser: it refuses bare LF, folding, white space before a
colon, names that are no token, control characters, Content-Length that is repeated, no
number or beside Transfer-Encoding. What it lets pass and must not pass is refused here:
two Hosts, versions other than 1.0 and 1.1, HTTP/0.9, other protocols' names, extra spaces
in the request line, transfer codings beside chunked, and any number and size of headers.
A head that `http_usual` can vouch for needs none of this.
"""

import re
from functools import lru_cache

import httptools

from broker.http_limits import HttpLimits
from broker.http_message import Answer, Header, Request
from broker.http_usual import HOST, usual_request
from broker.problem import problem

HEAD_END = b"\r\n\r\n"

# RFC 9112 3.2: what a request must hold once, or at most once.
_SINGLE = frozenset({
    b"host", b"content-length", b"transfer-encoding", b"content-type", b"expect",
    b"content-encoding",
})  # fmt: skip
_CLOSING = frozenset({b"connection", b"proxy-connection"})
_METHOD_AND_SPACE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32} [/*h]")


class Refused(Exception):
    """The head cannot be taken; `answer` is sent and the connection closed."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class _Fields:
    """Collects header fields; httptools calls `on_header`."""

    __slots__ = ("items",)

    def __init__(self) -> None:
        self.items: list[Header] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.items.append((name.lower(), value))


def read_head(head: bytes, limits: HttpLimits) -> Request:
    """The request whose head is `head`, which ends with its empty line.

    Raises Refused(400, 405, 414, 417, 431), after which the connection must be closed.
    """
    usual = usual_request(head, limits)
    return _judged_request(head, limits) if usual is None else usual


def _judged_request(head: bytes, limits: HttpLimits) -> Request:
    headers = _parse(head)
    method, target, minor = _request_line(head, limits)
    if len(headers) > limits.headers_max:
        raise _too_many_headers(limits)
    if b" \r\n" in head or b"\t\r\n" in head:
        # RFC 9112 5.1: white space around a value is not part of it; llhttp keeps the end.
        headers = [(name, value.rstrip(b" \t")) for name, value in headers]
    request = Request(method, target, headers, minor)
    _judge_fields(request)
    return request


def check_partial(head: bytes, limits: HttpLimits) -> None:
    """Refuse what no further byte can mend in `head`, which has no end yet.

    Raises Refused(400, 405, 414, 431): a peer that sends garbage hears of it at once.
    """
    if b"\r\n" not in head[: limits.target_bytes_max + 64] and len(head) > limits.target_bytes_max:
        raise _target_too_long(limits)
    if len(head) > limits.head_bytes_max:
        raise head_too_large(limits)
    _parse(head)


def head_too_large(limits: HttpLimits) -> Refused:
    what = f"the head is longer than {limits.head_bytes_max} bytes"
    return Refused(problem(431, "head-too-large", what, remedy="send fewer or shorter headers"))


def _parse(head: bytes) -> list[Header]:
    fields = _Fields()
    try:
        httptools.HttpRequestParser(fields).feed_data(head)
    except httptools.HttpParserUpgrade:
        # RFC 9110 7.8: an Upgrade may be ignored, and is: the request is taken as HTTP/1.1.
        # (Java's HttpClient asks every cleartext server for h2c this way.)
        pass
    except httptools.HttpParserInvalidMethodError:
        if not _METHOD_AND_SPACE.match(head):
            raise _malformed("it does not begin with a method") from None
        raise Refused(unknown_method()) from None
    except httptools.HttpParserError as error:
        raise _malformed(str(error)) from None
    return fields.items


def _request_line(head: bytes, limits: HttpLimits) -> tuple[bytes, bytes, int]:
    parts = head[: head.index(b"\r\n")].split(b" ")
    if len(parts) != 3:
        raise _malformed("the request line is not: method, target, version")
    method, target, version = parts
    if method[:1] < b"A":  # llhttp passes over bare LF before a method
        raise _malformed("it does not begin with a method")
    if len(target) > limits.target_bytes_max:
        raise _target_too_long(limits)
    if target[:1] != b"/":
        target = _origin_form(target)
    if version == b"HTTP/1.1":
        return method, target, 1
    if version == b"HTTP/1.0":
        return method, target, 0
    raise _malformed("the version is neither HTTP/1.1 nor HTTP/1.0")


def _origin_form(target: bytes) -> bytes:
    """The path of an absolute target (RFC 9112 3.2.2 has servers take it); others stay."""
    _, scheme, rest = target.partition(b"://")
    return b"/" + rest.partition(b"/")[2] if scheme else target


def _judge_fields(request: Request) -> None:
    """Find the fields that steer the connection, and refuse what is doubtful in them."""
    seen: dict[bytes, bytes] = {}
    connection = None
    for name, value in request.headers:
        if name in _SINGLE:
            if name in seen:
                raise _malformed(f"{name.decode()} is there twice", name.decode())
            seen[name] = value
        elif name in _CLOSING:
            connection = value if connection is None else connection + b"," + value
    host = seen.get(b"host")
    if host is None:
        if request.minor:
            raise _malformed("there is no Host header", "host")
    elif not _is_host(host):
        raise _malformed("the Host header is no host", "host")
    request.content_type = seen.get(b"content-type")
    request.content_encoding = seen.get(b"content-encoding")
    request.keep_alive = request.minor == 1 if connection is None else _keeps(request, connection)
    _judge_length(request, seen)
    if b"expect" in seen and request.minor:  # RFC 9110 10.1.1: HTTP/1.0 cannot expect
        _judge_expect(request, seen[b"expect"])


def _judge_length(request: Request, seen: dict[bytes, bytes]) -> None:
    """How the body is framed (RFC 9112 6.3); llhttp has checked that the length is a number."""
    coding = seen.get(b"transfer-encoding")
    if coding is not None:
        if not request.minor:
            raise _malformed("HTTP/1.0 has no Transfer-Encoding", "transfer-encoding")
        if coding.lower() != b"chunked":
            raise _malformed("the transfer coding is not chunked", "transfer-encoding")
        request.chunked = True
    elif b"content-length" in seen:
        request.content_length = int(seen[b"content-length"])


def _judge_expect(request: Request, value: bytes) -> None:
    if value.lower() != b"100-continue":
        what = "the expectation is not 100-continue"
        raise Refused(problem(417, "unknown-expectation", what, "expect", "leave the header out"))
    request.expects_continue = True


def _keeps(request: Request, connection: bytes) -> bool:
    options = {option.strip() for option in connection.lower().split(b",")}
    return b"close" not in options and (request.minor == 1 or b"keep-alive" in options)


@lru_cache(maxsize=256)
def _is_host(value: bytes) -> bool:
    return HOST.fullmatch(value) is not None


def unknown_method() -> Answer:
    what = "only POST publishes, only OPTIONS asks"
    allow = [(b"allow", b"POST, OPTIONS")]
    return problem(405, "method-not-allowed", what, remedy="send a POST", headers=allow)


def _malformed(what: str, where: str | None = None) -> Refused:
    remedy = "send it as RFC 9112 says"
    return Refused(problem(400, "malformed-request", what[:1].lower() + what[1:], where, remedy))


def _target_too_long(limits: HttpLimits) -> Refused:
    what = f"the target is longer than {limits.target_bytes_max} bytes"
    return Refused(problem(414, "target-too-long", what, remedy="POST to /{namespace}/{broker}"))


def _too_many_headers(limits: HttpLimits) -> Refused:
    what = f"there are more than {limits.headers_max} headers"
    return Refused(problem(431, "too-many-headers", what, remedy="send fewer"))
