"""The head as nearly all are: a POST with one-line fields that the publisher sends every time.

It takes no more than a narrow part of what RFC 9112 allows; any other head is left to
`http_head`, whose parser takes or refuses it. A line that was judged is remembered: of most
heads all lines but one or two came before.
"""

import re
from functools import lru_cache

from broker.http_limits import HttpLimits
from broker.http_message import Header, Request

# Lines are remembered, so no long ones are read here.
_HEAD_BYTES_MAX = 4096
_START = re.compile(rb"POST (/[A-Za-z0-9._~/-]*+) HTTP/1\.1")
_NAME = re.compile(rb"[A-Za-z0-9-]++")
_VALUE = re.compile(rb"[!-~](?:[ -~]*[!-~])?")
_VISIBLE = bytes(range(0x21, 0x7F))
HOST = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")
_PATTERNS = {
    b"host": HOST,
    b"content-length": re.compile(rb"[0-9]{1,15}"),
    b"connection": re.compile(rb"[Kk]eep-[Aa]live"),
}
# What steers the connection or the body otherwise than usual is judged by the parser; secrets
# go there too, for what is read here is remembered.
_STEERING = frozenset((b"transfer-encoding", b"upgrade", b"expect", b"proxy-connection"))
_SECRET = frozenset((b"authorization", b"proxy-authorization", b"cookie"))
_UNUSUAL: Header = (b"", b"")


def usual_request(head: bytes, limits: HttpLimits) -> Request | None:
    """The request of `head`, which ends with its empty line; None where it is not of this kind."""
    if len(head) > _HEAD_BYTES_MAX:
        return None
    lines = head.split(b"\r\n")
    target = _target(lines[0])
    # The empty line and the end of the one before it are the last two.
    headers = list(map(_field, lines[1:-2]))
    fields = dict(headers)
    if target is None or b"host" not in fields or b"" in fields or len(fields) != len(headers):
        return None
    if len(headers) > limits.headers_max or len(target) > limits.target_bytes_max:
        return None
    request = Request(b"POST", target, headers, 1)
    request.content_type = fields.get(b"content-type")
    request.content_encoding = fields.get(b"content-encoding")
    length = fields.get(b"content-length")
    if length is not None:
        request.content_length = int(length)
    return request


@lru_cache(maxsize=256)
def _target(line: bytes) -> bytes | None:
    start = _START.fullmatch(line)
    return None if start is None else start.group(1)


# A publisher's lines come again, its ids do not: what has not come within a thousand others is
# forgotten. At four kilobytes a head this keeps a few megabytes at the very most.
@lru_cache(maxsize=1024)
def _field(line: bytes) -> Header:
    """The name, in lower case, and the value of one line; _UNUSUAL where it is not of this kind."""
    name, _, value = line.partition(b": ")
    known = _name(name)
    # Nothing left without its visible bytes: a value, and no white space around it.
    if known is None or not value:
        return _UNUSUAL
    if value.translate(None, _VISIBLE) and _VALUE.fullmatch(value) is None:
        return _UNUSUAL
    if known[1] is not None and known[1].fullmatch(value) is None:
        return _UNUSUAL
    return known[0], value


@lru_cache(maxsize=256)
def _name(name: bytes) -> tuple[bytes, re.Pattern[bytes] | None] | None:
    """The name in lower case and the pattern its value must have, if any."""
    lower = name.lower()
    if _NAME.fullmatch(name) is None or lower in _STEERING or lower in _SECRET:
        return None
    return lower, _PATTERNS.get(lower)
