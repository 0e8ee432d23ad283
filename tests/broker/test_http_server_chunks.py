"""Chunked bodies, read without a socket (RFC 9112 7.1)."""

import random

import pytest

from broker.http_body import BrokenChunks, ChunkedBody


def read(raw: bytes) -> bytes:
    body = ChunkedBody()
    body.feed(raw, 0)
    assert body.complete
    return bytes(body.body)


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b"0\r\n\r\n", b""),
        (b"2\r\nab\r\n0\r\n\r\n", b"ab"),
        (b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n", b"ab"),
        (b"2;name=value\r\nab\r\n000\r\n\r\n", b"ab"),
        (b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
        (b"8\r\n\r\n\r\n0\r\n\r\r\n0\r\n\r\n", b"\r\n\r\n0\r\n\r"),
    ],
)
def test_chunks_are_put_together(raw: bytes, body: bytes) -> None:
    assert read(raw) == body


@pytest.mark.parametrize(
    "raw",
    [
        b"2\nab\n0\n\n",
        b"2 \r\nab\r\n0\r\n\r\n",
        b"-2\r\nab\r\n0\r\n\r\n",
        b"0x2\r\nab\r\n0\r\n\r\n",
        b"2\r\nabc\r\n0\r\n\r\n",
        b"ffffffffffffffffff\r\nab\r\n0\r\n\r\n",
        b"\r\nab\r\n0\r\n\r\n",
        b"2\r\nab\r\n0\r\ntrailer: x\r\n\r\n",
        b"2\r\nab\r\n0\r\nhost: x\r\n\r\n",
    ],
)
def test_broken_framing_and_trailers_are_refused(raw: bytes) -> None:
    with pytest.raises(BrokenChunks):
        ChunkedBody().feed(raw, 0)


def test_what_follows_a_body_is_left_wherever_the_reads_were_cut() -> None:
    raw, after = b"3\r\na\r\n\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n", b"POST / HTTP/1.1\r\n\r\n"

    for cut in range(1, len(raw) + len(after)):
        body = ChunkedBody()
        pieces = [(raw + after)[:cut], (raw + after)[cut:]]
        taken = 0
        for piece in pieces:
            if not body.complete:
                taken += body.feed(piece, 0)
        assert (taken, bytes(body.body)) == (len(raw), b"a\r\n\r\n\r\n")


def test_any_cutting_gives_the_same_body() -> None:
    seed = 7
    print(f"seed {seed}")
    chance = random.Random(seed)
    raw = b"".join(b"%x\r\n%b\r\n" % (size, b"\r" * size) for size in range(1, 40)) + b"0\r\n\r\n"

    for _ in range(50):
        body, at = ChunkedBody(), 0
        while at < len(raw):
            end = at + chance.randint(1, 30)
            body.feed(raw[at:end], 0)
            at = end
        assert bytes(body.body) == b"\r" * sum(range(1, 40))


def test_a_hundred_thousand_one_byte_chunks_are_taken() -> None:
    assert len(read(b"1\r\na\r\n" * 100_000 + b"0\r\n\r\n")) == 100_000


@pytest.mark.parametrize("raw", [b"1;" + b"x" * 20_000, b"0\r\n" + b"x" * 20_000])
def test_framing_without_a_body_ends(raw: bytes) -> None:
    with pytest.raises(BrokenChunks):
        ChunkedBody().feed(raw, 0)
