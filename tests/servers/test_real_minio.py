"""MinIO is real: it keeps its objects over a kill, tells its webhook, and guards its buckets."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread

import pytest
from minio.error import S3Error

from tests.servers.minio import MinioServer, Webhook


def test_minio_keeps_its_objects_over_a_kill(minio: MinioServer) -> None:
    minio.make_bucket("kept")
    minio.put("kept", "dir/a file+ü.txt", b"hello")

    minio.restart()

    assert minio.keys("kept") == ["dir/a file+ü.txt"]


def test_minio_gives_each_put_a_version_of_its_own(minio: MinioServer) -> None:
    minio.make_bucket("versions", versioned=True)

    versions = {minio.put("versions", "key", body) for body in (b"one", b"two")}

    assert len(versions - {None}) == 2


def test_minio_lets_a_user_do_only_what_was_said(minio: MinioServer) -> None:
    minio.make_bucket("closed")
    may_list = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::closed"}
    minio.add_user("reader", "reader-secret", may_list)
    reader = minio.as_user("reader", "reader-secret")

    with pytest.raises(S3Error, match="AccessDenied"):
        reader.put("closed", "key", b"")

    assert reader.keys("closed") == []


def test_minio_reports_a_put_to_its_webhook(start_minio: Callable[[Webhook], MinioServer]) -> None:
    with _receiver() as (url, reports):
        minio = start_minio(Webhook(url, token="s3cret"))
        minio.make_bucket("watched")
        minio.notify("watched", suffix=".txt")

        minio.put("watched", "a.bin", b"")
        minio.put("watched", "a.txt", b"hello")

        token, body = reports.get(timeout=60.0)
    assert token == "Bearer s3cret"
    assert json.loads(body)["Key"] == "watched/a.txt"


@contextmanager
def _receiver() -> Iterator[tuple[str, Queue[tuple[str | None, bytes]]]]:
    """A place for reports: its address, and what came with which Authorization."""
    reports: Queue[tuple[str | None, bytes]] = Queue(maxsize=100)

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            reports.put((self.headers["Authorization"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *words: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Take) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", reports
        server.shutdown()
        thread.join()
