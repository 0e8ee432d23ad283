"""Heads read without the parser: taken only where the parser takes them, and read the same."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from broker.http_head import Refused, read_head
from broker.http_limits import HttpLimits
from broker.http_message import Request
from broker.http_usual import usual_request

LIMITS = HttpLimits()
# Wall time is the machine's affair, not a property; a failure prints how to repeat it.
unhurried = settings(print_blob=True, suppress_health_check=[HealthCheck.too_slow])

STARTS = [b"POST /a/b HTTP/1.1"] * 6 + [
    b"POST /a HTTP/1.0", b"POST  /a HTTP/1.1", b"GET /a HTTP/1.1", b"POST /a?b HTTP/1.1",
    b"POST /a#b HTTP/1.1", b"POST //a/../b HTTP/1.1", b"POST a HTTP/1.1",
]  # fmt: skip
LINES = [
    b"host: here", b"Host: here:80", b"host: a b", b"content-type: a/b", b"Content-Type: a/b; c=d",
    b"content-length: 5", b"Content-Length: 007", b"content-length: 5 ", b"content-length: +5",
    b"content-length: 99999999999999999999", b"transfer-encoding: chunked", b"connection: close",
    b"Connection: Keep-Alive", b"connection: keep-alive", b"connection: upgrade", b"upgrade: h2c",
    b"proxy-connection: close", b"expect: 100-continue", b"content-encoding: gzip", b"ce-id: 1",
    b"ce-subject: a b", b"ce-subject: \xc3\xa9", b"a: ", b"a:b", b"a:  b", b"a: b ", b"a : b",
    b" a: b", b"a: b\n", b"a: b\nc: d", b"a: b\rc: d", b"a: \x7f", b"a: \x00", b"a_b: c", b": b",
    b"a: b: c", b"nothing", b"",
]  # fmt: skip
heads = some.builds(
    lambda start, lines: b"\r\n".join([start, *lines, b"", b""]),
    some.sampled_from(STARTS),
    some.lists(some.sampled_from(LINES) | some.binary(max_size=12), max_size=6),
)


def facts(request: Request) -> list[object]:
    return [getattr(request, name) for name in Request.__slots__ if name != "headers"]


@unhurried
@given(heads | heads.map(lambda head: head.replace(b"\r\n", b"\r\nhost: here\r\n", 1)))
@example(b"POST /a HTTP/1.1\r\nhost: here\r\ncontent-length: 5\r\nce-id: 1\r\n\r\n")
@example(b"POST /a HTTP/1.1\r\nhost: here\r\nconnection: Keep-Alive\r\n\r\n")
def test_a_usual_head_is_read_as_the_parser_reads_it(head: bytes) -> None:
    head = head[: head.index(b"\r\n\r\n") + 4]
    usual = usual_request(head, LIMITS)
    if usual is None:
        return

    # An underscore is no usual name: with it the parser is asked.
    parsed = read_head(head[:-2] + b"a_: b\r\n\r\n", LIMITS)

    assert facts(usual) == facts(parsed)
    assert [*usual.headers, (b"a_", b"b")] == parsed.headers


@pytest.mark.parametrize(
    "line", [b"", b"content-length: 5\r\nCE-Id: 1\r\nconnection: keep-alive\r\n"]
)
def test_what_publishers_send_is_usual(line: bytes) -> None:
    head = b"POST /a HTTP/1.1\r\nhost: here\r\n" + line + b"\r\n"

    assert usual_request(head, LIMITS) is not None


def test_the_bounds_hold_for_usual_heads_too() -> None:
    head = b"POST /abc HTTP/1.1\r\nhost: here\r\na: b\r\n\r\n"

    for limits in (HttpLimits(target_bytes_max=3), HttpLimits(headers_max=1)):
        with pytest.raises(Refused):
            read_head(head, limits)
