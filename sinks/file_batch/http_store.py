"""Files that are fetched by HTTP: read only, from addresses that were judged before dialling.

Redirects are not followed: where they lead is the answerer's choice, not the configuration's.
"""

import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

from broker.errors import Denied, Invalid, Unavailable
from sinks.file_batch.store import (
    BLOCK_BYTES,
    Access,
    Head,
    Judge,
    Listed,
    Stored,
    changed,
    no_file,
)

CALL_SECONDS_MAX = 30.0  # until the next bytes come


class HttpStore:
    """Implements `sinks.file_batch.store.Store` for one origin.

    An identity is the ETag (a strong one) or the time of the last change; a server that gives
    neither has "", and its files are not known to change. One that knows no ranges is read from
    the beginning and what comes first is dropped.
    """

    def __init__(self, container: str, access: Access) -> None:
        parts = urlsplit(container)
        self._origin = container
        self._is_https = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._is_https else 80)
        self._judge = access.judge

    def head(self, path: str) -> Head | None:
        try:
            with self._answer("HEAD", path) as answer:
                return _head(answer, self._origin + path)
        except Invalid as error:
            if error.code == "no-file":
                return None
            raise

    def read(
        self, path: str, start: int = 0, end: int | None = None, identity: str | None = None
    ) -> Iterator[bytes]:
        if end is not None and start >= end:
            return
        headers = {"Range": f"bytes={start}-{'' if end is None else end - 1}"}
        with self._answer("GET", path, headers) as answer:
            if answer.status == 416:  # there is nothing from `start` on
                return
            if identity and _identity(answer) != identity:
                raise changed(self._origin + path)
            skipped = 0 if answer.status == 206 else start
            left = None if end is None else end - start
            yield from self._body(answer, path, skipped, left)

    def put_atomic(self, path: str, blocks: Iterable[bytes]) -> Stored:
        raise self._read_only(path)

    def delete(self, path: str) -> None:
        raise self._read_only(path)

    def list(self, prefix: str) -> Iterator[Listed]:
        raise self._no_listing(prefix)

    def older(self, prefix: str, before: datetime) -> Iterator[str]:
        raise self._no_listing(prefix)

    def _no_listing(self, prefix: str) -> Invalid:
        return Invalid(
            "an HTTP server lists no files",
            code="no-listing",
            where=self._origin + prefix,
            remedy="name each file",
        )

    def _body(
        self, answer: HTTPResponse, path: str, skipped: int, left: int | None
    ) -> Iterator[bytes]:
        while left is None or left > 0:
            with self._told(path):
                block = answer.read(BLOCK_BYTES)
            if not block:
                if answer.length:
                    raise Unavailable("the answer ended early", where=self._origin + path)
                return
            dropped = min(skipped, len(block))
            skipped -= dropped
            block = block[dropped:] if left is None else block[dropped : dropped + left]
            left = None if left is None else left - len(block)
            if block:
                yield block

    @contextmanager
    def _answer(
        self, method: str, path: str, headers: dict[str, str] | None = None
    ) -> Iterator[HTTPResponse]:
        connection = self._connection()
        try:
            with self._told(path):
                connection.request(
                    method, path, headers={"Accept-Encoding": "identity", **(headers or {})}
                )
                answer = connection.getresponse()
            self._judge_status(answer.status, path)
            yield answer
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        kind = _Https if self._is_https else _Http
        connection = kind(self._host, self._port, timeout=CALL_SECONDS_MAX)
        connection.judge = self._judge
        return connection

    def _judge_status(self, status: int, path: str) -> None:
        where = self._origin + path
        if status in (200, 206, 416):
            return
        if status in (404, 410):
            raise no_file(where)
        what = f"the server answers {status}"
        if status in (401, 403):
            remedy = "let it be read without an account"
            raise Denied(what, code="denied", where=where, remedy=remedy)
        if status < 500 and status not in (408, 425, 429):
            remedy = "name the address where the file itself is"
            raise Invalid(what, code="refused", where=where, remedy=remedy)
        raise Unavailable(what, where=where, remedy="look at the server")

    @contextmanager
    def _told(self, path: str) -> Iterator[None]:
        try:
            yield
        except (OSError, HTTPException) as error:
            what = f"the server does not answer: {str(error) or type(error).__name__}"
            raise Unavailable(what, where=self._origin + path, remedy="look at it") from error

    def _read_only(self, path: str) -> Invalid:
        return Invalid(
            "nothing is written by HTTP",
            code="read-only",
            where=self._origin + path,
            remedy="name a bucket in write.output",
        )


class _Http(HTTPConnection):
    judge: Judge

    def connect(self) -> None:
        self.sock = _dialled(self.host, self.port, self.judge)


class _Https(HTTPSConnection):
    judge: Judge

    def connect(self) -> None:
        plain = _dialled(self.host, self.port, self.judge)
        self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)


def _dialled(host: str, port: int, judge: Judge) -> socket.socket:
    """A connection to the first address that may be dialled and answers.

    What is judged is what is dialled: the name is not resolved a second time.
    """
    refusal, failed = "has no address", None
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        why = judge(host, str(address[0]), port)
        if why is not None:
            refusal = why
            continue
        dialled = socket.socket(family, kind, protocol)
        dialled.settimeout(CALL_SECONDS_MAX)
        try:
            dialled.connect(address)
        except OSError as error:
            dialled.close()
            failed = error
            continue
        return dialled
    if failed is not None:
        raise failed
    remedy = "name the file by a public address, or allow this one in egress.allow"
    raise Denied(f"{host} {refusal}", code="egress", where=f"{host}:{port}", remedy=remedy)


def _head(answer: HTTPResponse, where: str) -> Head:
    length = answer.getheader("Content-Length") or ""
    if not (length.isascii() and length.isdecimal()):
        raise Invalid(
            "the server does not tell how long the file is",
            code="no-length",
            where=where,
            remedy="let it answer HEAD with Content-Length",
        )
    return Head(int(length), _identity(answer))


def _identity(answer: HTTPResponse) -> str:
    etag = answer.getheader("ETag") or ""
    return etag if etag and not etag.startswith("W/") else answer.getheader("Last-Modified") or ""
