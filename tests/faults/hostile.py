"""Requests that no well-meaning publisher sends: valid ones, mutated by a seeded generator."""

import random
from collections.abc import Callable

CE = b"ce-specversion: 1.0\r\nce-id: %s\r\nce-source: /s\r\nce-type: t\r\n"
BINARY = (
    b"POST /n/b HTTP/1.1\r\nhost: here\r\n"
    + CE % b"b"
    + b"ce-time: 2026-01-01T00:00:00Z\r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\ndata"
)
STRUCTURED = (
    b'{"specversion":"1.0","id":"s","source":"/s","type":"t","time":"2026-01-01T00:00:00Z",'
    b'"n":1,"b":true,"datacontenttype":"application/json","data":{"a":[1,2,{"b":"c"}]}}'
)
BATCH = b"[" + STRUCTURED + b',{"specversion":"1.0","id":"t","source":"/s","type":"t"}]'


def posted(body: bytes, kind: bytes) -> bytes:
    head = b"POST /n/b HTTP/1.1\r\nhost: here\r\ncontent-type: application/cloudevents%b\r\n"
    return head % kind + b"content-length: %d\r\n\r\n" % len(body) + body


CHUNKED = BINARY.replace(
    b"content-length: 4\r\n\r\ndata",
    b"transfer-encoding: chunked\r\n\r\n2\r\nda\r\n2\r\nta\r\n0\r\n\r\n",
)
VALID = (
    BINARY,
    CHUNKED,
    posted(STRUCTURED, b"+json"),
    posted(BATCH, b"-batch+json"),
    b"OPTIONS /n/b HTTP/1.1\r\nhost: here\r\nwebhook-request-origin: x\r\n\r\n",
    BINARY.replace(b"content-length", b"expect: 100-continue\r\ncontent-length"),
    BINARY.replace(b"HTTP/1.1", b"HTTP/1.0"),
)
HEADERS = (
    b"content-length: 4", b"content-length: -1", b"content-length: 0x4", b"content-length: 4, 4",
    b"content-length: 99999999999999999999", b"content-length: 18446744073709551616",
    b"transfer-encoding: chunked", b"transfer-encoding: gzip, chunked", b"transfer-encoding: x",
    b"host: there", b"host:", b"host: a b", b"expect: 100-continue", b"expect: x",
    b"connection: close", b"connection: upgrade\r\nupgrade: h2c", b"content-encoding: gzip",
    b"content-type: application/cloudevents+json", b"content-type: application/cloudevents",
    b"content-type: application/cloudevents+json; charset=utf-16", b"content-type:",
    b"ce-id: again", b"ce-id:", b'ce-id: "', b"ce-id: %zz", b"ce-id: %C0%A0", b"ce-id: %ED%A0%80",
    b"ce-datacontenttype: x", b"ce-a-b: x", b"ce-: x", b"ce-data: x", b"ce-x: \xff\xfe",
    b"ce-time: 2026-13-01T00:00:00Z", b"ce-time: x", b"ce-specversion: 0.3", b"ce-source: \\",
    b"ce-headracehops: 17", b"ce-headracehops: x", b"ce-type: dev.headrace.system.x",
    b" folded", b"space : x", b"no colon", b"a\x00: x", b"a: \x00", b"a: \x1b[31m", b"trailer: x",
    b"x: " + b"y" * 40_000, b"x: y\r\n" * 70 + b"x: y", b"\xe9: x", b"a: b\nc: d", b"a: b\rc: d",
)  # fmt: skip
TOKENS = (
    b"NaN", b"-Infinity", b"1e999", b"1.5", b"2147483648", b"1" * 5_000, b"null", b"{}", b"[]",
    b'"\\ud800"', b'"\\u0000"', b'"\xff"', b'"\xc3"', b"'x'", b"tru", b'"' + b"x" * 1_000 + b'"',
    b"[" * 200, b'{"a":' * 100, b'{"a":1,"a":2}', b'"data_base64":"!"', b'"data_base64":"AA=="',
    b'"id":"twice"', b",", b"\x00", b"//", b'"source":7', b'"type":""', b'"specversion":"0.3"',
)  # fmt: skip
LINES = (
    b"GET /n/b HTTP/1.1", b"POST /n/b HTTP/2.0", b"POST /n/b HTTP/0.9", b"POST /n/b", b"",
    b"POST  /n/b HTTP/1.1", b"POST /n/b HTTP/1.1 ", b"post /n/b HTTP/1.1", b"BREW /n/b HTTP/1.1",
    b"CONNECT here:80 HTTP/1.1", b"POST http://here/n/b HTTP/1.1", b"POST * HTTP/1.1",
    b"POST /n/../n/b HTTP/1.1", b"POST /n/%2e%2e/b HTTP/1.1", b"POST /n/b\x00 HTTP/1.1",
    b"POST /" + b"a" * 9_000 + b" HTTP/1.1", b"POST /n/b?a=b#c HTTP/1.1", b"PRI * HTTP/2.0",
)  # fmt: skip


class Hostile:
    """`requests` are drawn from a seed; the same seed gives the same ones."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._number = 0
        self._mutations: tuple[Callable[[bytes], bytes], ...] = (
            self._cut, self._splice, self._flip, self._insert, self._add_header, self._drop_line,
            self._repeat_line, self._change_line, self._replace_in_body, self._change_length,
            self._change_chunks, self._append,
        )  # fmt: skip

    def request(self) -> bytes:
        """One request, mutated once to three times, with an id of its own."""
        raw = self._chance.choice(VALID)
        self._number += 1
        raw = raw.replace(b"ce-id: b", b"ce-id: b%d" % self._number)
        for _ in range(self._chance.choice((1, 1, 2, 3))):
            raw = self._chance.choice(self._mutations)(raw)
        return raw

    def _at(self, raw: bytes) -> int:
        return self._chance.randrange(len(raw) + 1)

    def _cut(self, raw: bytes) -> bytes:
        return raw[: self._at(raw)]

    def _splice(self, raw: bytes) -> bytes:
        other = self._chance.choice(VALID)
        return raw[: self._at(raw)] + other[self._at(other) :]

    def _flip(self, raw: bytes) -> bytes:
        changed = bytearray(raw)
        for _ in range(self._chance.randint(1, 5) if raw else 0):
            changed[self._chance.randrange(len(raw))] = self._chance.randrange(256)
        return bytes(changed)

    def _insert(self, raw: bytes) -> bytes:
        at = self._at(raw)
        return raw[:at] + self._chance.randbytes(self._chance.randint(1, 20)) + raw[at:]

    def _add_header(self, raw: bytes) -> bytes:
        lines = raw.split(b"\r\n")
        lines.insert(self._chance.randint(1, 6), self._chance.choice(HEADERS))
        return b"\r\n".join(lines)

    def _drop_line(self, raw: bytes) -> bytes:
        lines = raw.split(b"\r\n")
        del lines[self._chance.randrange(len(lines))]
        return b"\r\n".join(lines)

    def _repeat_line(self, raw: bytes) -> bytes:
        lines = raw.split(b"\r\n")
        at = self._chance.randrange(len(lines))
        return b"\r\n".join([*lines[:at], lines[at], *lines[at:]])

    def _change_line(self, raw: bytes) -> bytes:
        _, end, rest = raw.partition(b"\r\n")
        return self._chance.choice(LINES) + end + rest

    def _replace_in_body(self, raw: bytes) -> bytes:
        """Put a token where another is in the JSON, and mend the length."""
        body = self._chance.choice((STRUCTURED, BATCH))
        kind = b"+json" if body is STRUCTURED else b"-batch+json"
        at = self._chance.choice([at for at, byte in enumerate(body) if byte in b':,{["'])
        end = at + 1 + self._chance.randrange(8)
        return posted(body[: at + 1] + self._chance.choice(TOKENS) + body[end:], kind)

    def _change_length(self, raw: bytes) -> bytes:
        length = self._chance.choice((b"0", b"3", b"5", b"70000", b"9000000", b"", b"4 "))
        return raw.replace(b"content-length: 4", b"content-length: " + length)

    def _change_chunks(self, raw: bytes) -> bytes:
        size = self._chance.choice((b"3", b"-2", b"0x2", b"fffffffff", b"2;" + b"e" * 99, b"2 "))
        end = self._chance.choice((b"0\r\n\r\n", b"0\r\nx: y\r\n\r\n", b"0\n\n", b"0\r\n"))
        return raw.replace(b"2\r\nda", size + b"\r\nda").replace(b"0\r\n\r\n", end)

    def _append(self, raw: bytes) -> bytes:
        return raw + self._chance.choice((*VALID, b"\r\n\r\n", b"garbage", b"0\r\n\r\n"))
