"""Files fetched by HTTP: in ranges, from judged addresses, never by a redirect."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from broker.errors import Conflict, Denied, HeadraceError, Invalid, Unavailable
from sinks.file_batch.http_store import HttpStore
from sinks.file_batch.opening import open_reader
from sinks.file_batch.spec import ReadSpec
from sinks.file_batch.store import Access

BODY = b"a,b\n" + b"".join(b"%d,x\n" % row for row in range(50_000))


class Site(BaseHTTPRequestHandler):
    """One file under several addresses, each with an oddity of its own."""

    def do_GET(self) -> None:
        start, end = 0, len(BODY)
        status = {"/gone": 404, "/moved": 302, "/closed": 403, "/down": 503}.get(self.path, 200)
        span = self.headers.get("Range", "").removeprefix("bytes=")
        if span and status == 200 and self.path != "/rangeless":
            first, _, last = span.partition("-")
            start, end = int(first), min(int(last or end) + 1, end)
            status = 206 if start < len(BODY) else 416
        self.send_response(status)
        self.send_header("ETag", '"2"' if self.path == "/new" else '"1"')
        if status == 302:
            self.send_header("Location", "/in.csv")
        body = BODY[start:end] if status in (200, 206) else b""
        self.send_header("Content-Length", str(len(body) + (self.path == "/cut")))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def origin() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/in.csv", "/rangeless"])
def test_ranges_are_read_whether_the_server_knows_them_or_not(origin: str, path: str) -> None:
    store = HttpStore(origin, Access())

    ranges = [b"".join(store.read(path, *span)) for span in ((0, 3), (4, None), (2, 2))]

    assert ranges == [BODY[:3], BODY[4:], b""]
    assert b"".join(store.read("/in.csv", len(BODY))) == b""


def test_a_file_is_cut_into_chunks_from_where_it_was_left(origin: str) -> None:
    store = HttpStore(origin, Access())
    head = store.head("/in.csv")
    assert head is not None
    reader = open_reader(store, "/in.csv", head, ReadSpec())

    every = list(reader.chunks())
    rest = list(reader.chunks(every[7].start))

    assert every[-1].end.row == 50_000
    assert [chunk.raws for chunk in rest] == [chunk.raws for chunk in every[7:]]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/gone", Invalid), ("/moved", Invalid), ("/closed", Denied), ("/down", Unavailable),
        ("/cut", Unavailable), ("/new", Conflict),
    ],
)  # fmt: skip
def test_an_answer_without_the_file_is_told(
    origin: str, path: str, kind: type[HeadraceError]
) -> None:
    store = HttpStore(origin, Access())

    with pytest.raises(kind):
        list(store.read(path, identity='"1"'))


def test_an_address_that_is_refused_is_never_dialled(origin: str) -> None:
    judged: list[tuple[str, str]] = []

    def judge(host: str, address: str, _port: int) -> str | None:
        judged.append((host, address))
        return "is not public"

    with pytest.raises(Denied, match="is not public"):
        HttpStore(origin, Access(judge=judge)).head("/in.csv")

    assert judged == [("127.0.0.1", "127.0.0.1")]


def test_a_server_that_is_not_there_may_come_again() -> None:
    with pytest.raises(Unavailable):
        HttpStore("http://127.0.0.1:1", Access()).head("/in.csv")


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.put_atomic("/a", [b""]),
        lambda store: store.delete("/a"),
        lambda store: list(store.list("/")),
    ],
)
def test_nothing_is_written_or_listed_by_http(ask: Callable[[HttpStore], object]) -> None:
    with pytest.raises(Invalid):
        ask(HttpStore("http://127.0.0.1:1", Access()))
