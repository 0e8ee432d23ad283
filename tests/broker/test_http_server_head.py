"""Heads, judged without a socket (RFC 9112; what llhttp lets pass is refused too)."""

import pytest

from broker.http_head import Refused, check_partial, read_head
from broker.http_limits import HttpLimits

LIMITS = HttpLimits()
HOST = b"host: here\r\n"


def status_of(head: bytes) -> int:
    with pytest.raises(Refused) as refused:
        read_head(head, LIMITS)
    return refused.value.answer.status


def post(*lines: bytes, host: bytes = HOST) -> bytes:
    return b"POST /a HTTP/1.1\r\n" + host + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


MALFORMED = {
    "no host": post(host=b""),
    "two hosts": post(b"Host: there"),
    "a host that is none": post(host=b"host: a b\r\n"),
    "a host with a path": post(host=b"host: here/there\r\n"),
    "length and coding": post(b"content-length: 1", b"transfer-encoding: chunked"),
    "coding and length": post(b"transfer-encoding: chunked", b"content-length: 1"),
    "two lengths": post(b"content-length: 1", b"content-length: 1"),
    "a list of lengths": post(b"content-length: 1, 1"),
    "a signed length": post(b"content-length: +1"),
    "a hexadecimal length": post(b"content-length: 0x1"),
    "an endless length": post(b"content-length: 99999999999999999999999"),
    "an empty length": post(b"content-length:"),
    "coding gzip": post(b"transfer-encoding: gzip"),
    "codings gzip, chunked": post(b"transfer-encoding: gzip, chunked"),
    "codings chunked, chunked": post(b"transfer-encoding: chunked, chunked"),
    "two codings": post(b"transfer-encoding: chunked", b"transfer-encoding: chunked"),
    "coding xchunked": post(b"transfer-encoding: xchunked"),
    "coding in HTTP/1.0": b"POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n",
    "two content types": post(b"content-type: a/b", b"content-type: c/d"),
    "bare LF after a value": post(b"a: b\nc: d"),
    "bare CR after a value": post(b"a: b\rc: d"),
    "bare LF after the line": b"POST / HTTP/1.1\nhost: here\r\n\r\n",
    "LF before the line": b"\n" + post(),
    "folding": post(b"a: b", b" c"),
    "folding first": b"POST / HTTP/1.1\r\n host: here\r\n\r\n",
    "space before the colon": post(b"a : b"),
    "space in a name": post(b"a b: c"),
    "an empty name": post(b": b"),
    "a name with brackets": post(b"a(b): c"),
    "a name beyond ASCII": post(b"\xe9: c"),
    "no colon": post(b"abc"),
    "NUL in a value": post(b"a: b\x00c"),
    "a control in a value": post(b"a: b\x01c"),
    "DEL in a value": post(b"a: b\x7fc"),
    "version 0.9": b"POST / HTTP/0.9\r\nhost: here\r\n\r\n",
    "version 1.2": b"POST / HTTP/1.2\r\nhost: here\r\n\r\n",
    "version 2.0": b"POST / HTTP/2.0\r\nhost: here\r\n\r\n",
    "no version": b"POST /\r\nhost: here\r\n\r\n",
    "another protocol": b"SOURCE / ICE/1.0\r\nhost: here\r\n\r\n",
    "a lower-case version": b"POST / http/1.1\r\nhost: here\r\n\r\n",
    "two spaces": b"POST  /  HTTP/1.1\r\nhost: here\r\n\r\n",
    "a space at the end": b"POST / HTTP/1.1 \r\nhost: here\r\n\r\n",
    "a tab for a space": b"POST\t/ HTTP/1.1\r\nhost: here\r\n\r\n",
    "a control in the target": b"POST /\x01 HTTP/1.1\r\nhost: here\r\n\r\n",
    "a target beyond ASCII": b"POST /\xe9 HTTP/1.1\r\nhost: here\r\n\r\n",
    "a target without a slash": b"POST a HTTP/1.1\r\nhost: here\r\n\r\n",
    "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "nothing but empty lines": b"\r\n\r\n",
}


@pytest.mark.parametrize("head", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_head_is_refused_with_400(head: bytes) -> None:
    assert status_of(head) == 400


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /%b HTTP/1.1\r\nhost: here\r\n\r\n" % (b"a" * 8192), 414),
        (post(*[b"a: b"] * 64), 431),
        (post(b"expect: 200-ok"), 417),
        (b"BREW / HTTP/1.1\r\nhost: here\r\n\r\n", 405),
    ],
)
def test_what_is_well_formed_and_too_much_has_its_own_status(head: bytes, status: int) -> None:
    assert status_of(head) == status


def test_a_head_gives_what_steers_the_connection() -> None:
    head = post(b"Content-Type: a/b", b"content-length: 5", b"Expect: 100-Continue")

    request = read_head(head, LIMITS)

    assert (request.method, request.target, request.content_length) == (b"POST", b"/a", 5)
    assert (request.content_type, request.expects_continue) == (b"a/b", True)
    assert request.keep_alive


def test_white_space_around_a_value_is_not_part_of_it() -> None:
    request = read_head(post(b"a: \t b\tc \t", b"content-length: 3 "), LIMITS)

    assert request.header(b"a") == b"b\tc"
    assert request.content_length == 3


@pytest.mark.parametrize(
    ("version", "connection", "keeps"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"connection: close\r\n", False),
        (b"1.1", b"connection: x, CLOSE\r\n", False),
        (b"1.0", b"", False),
        (b"1.0", b"connection: Keep-Alive\r\n", True),
    ],
)
def test_a_connection_is_kept_as_its_version_and_header_say(
    version: bytes, connection: bytes, keeps: bool
) -> None:
    head = b"POST / HTTP/%b\r\nhost: here\r\n%b\r\n" % (version, connection)

    assert read_head(head, LIMITS).keep_alive is keeps


def test_an_absolute_target_is_read_as_its_path() -> None:
    head = b"POST http://here:80/a/b?c HTTP/1.1\r\nhost: here\r\n\r\n"

    assert read_head(head, LIMITS).target == b"/a/b?c"


def test_an_upgrade_is_ignored() -> None:
    head = post(b"connection: Upgrade", b"upgrade: h2c", b"content-length: 2")

    request = read_head(head, LIMITS)

    assert (request.content_length, request.keep_alive) == (2, True)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\nhost: here\n\n", 400),
        (b"\x16\x03\x01\x02\x00", 400),
        (b"POST /" + b"a" * 9000, 414),
        (post()[:-2] + b"a: " + b"b" * 33_000, 431),
    ],
)
def test_a_head_without_an_end_is_refused_when_nothing_can_mend_it(
    head: bytes, status: int
) -> None:
    with pytest.raises(Refused) as refused:
        check_partial(head, LIMITS)

    assert refused.value.answer.status == status


def test_every_beginning_of_a_good_head_is_waited_for() -> None:
    head = post(b"content-length: 5", b"a: b")

    for end in range(len(head)):
        check_partial(head[:end], LIMITS)
