"""What every store of files promises, whatever it is."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from broker.errors import Conflict, Invalid
from sinks.file_batch.place import Place
from sinks.file_batch.spec import S3Access, S3Keys
from sinks.file_batch.store import BLOCK_BYTES, Access, Store, open_store

LARGE = bytes(range(256)) * 4 * 1024 * 17  # 17 MiB: three parts of an upload


@pytest.fixture(
    params=["folder", pytest.param("s3", marks=pytest.mark.servers("minio"))], name="store"
)
def a_store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return open_store(Place("folder", "", "-"), Access(root=str(tmp_path)))
    minio = request.getfixturevalue("minio")
    bucket = f"files-{sha256(str(tmp_path).encode()).hexdigest()[:16]}"
    minio.make_bucket(bucket)
    keys = S3Keys(minio.access_key, minio.secret_key)
    return open_store(Place("s3", bucket, "-"), Access(s3=S3Access(minio.url, keys=keys)))


def read(store: Store, path: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join(store.read(path, start, end))


def test_what_was_put_is_read_again(store: Store) -> None:
    stored = store.put_atomic("a/b/ü c.csv", [b"one,", b"", b"two"])

    head = store.head("a/b/ü c.csv")
    assert read(store, "a/b/ü c.csv") == b"one,two"
    assert head is not None
    assert head.size_bytes == stored.size_bytes == 7
    assert stored.sha256 == sha256(b"one,two").hexdigest()


def test_ranges_end_where_the_file_ends(store: Store) -> None:
    store.put_atomic("a", [b"0123456789"])

    ranges = [read(store, "a", *span) for span in ((3, 5), (8, 99), (10, None), (99, 100), (4, 4))]

    assert ranges == [b"34", b"89", b"", b"", b""]


def test_a_large_file_goes_in_and_out_in_blocks(store: Store) -> None:
    blocks = (LARGE[at : at + 700_000] for at in range(0, len(LARGE), 700_000))

    stored = store.put_atomic("large", blocks)

    assert stored.sha256 == sha256(LARGE).hexdigest()
    read_blocks = list(store.read("large"))
    assert b"".join(read_blocks) == LARGE
    assert max(map(len, read_blocks)) <= BLOCK_BYTES


@pytest.mark.parametrize("size_bytes", [0, 20_000_000])
def test_a_put_that_fails_leaves_what_was_there(store: Store, size_bytes: int) -> None:
    store.put_atomic("in/a", [b"before"])

    def failing() -> Iterator[bytes]:
        for _ in range(0, size_bytes, 1_000_000):
            yield b"x" * 1_000_000
        raise RuntimeError("the model is gone")

    with pytest.raises(RuntimeError, match="the model is gone"):
        store.put_atomic("in/a", failing())

    assert read(store, "in/a") == b"before"
    assert [each.path for each in store.list("in/")] == ["in/a"]


def test_nobody_sees_a_file_before_it_is_whole(store: Store) -> None:
    seen: list[object] = []

    def looking() -> Iterator[bytes]:
        yield b"x" * 9_000_000
        seen.append(store.head("a"))
        yield b"y"

    store.put_atomic("a", looking())

    assert seen == [None]
    assert store.head("a") is not None


def test_a_file_that_changed_is_not_read_on(store: Store) -> None:
    store.put_atomic("a", [LARGE])
    head = store.head("a")
    assert head is not None
    store.put_atomic("a", [LARGE[::-1]])

    with pytest.raises(Conflict) as refused:
        list(store.read("a", identity=head.identity))

    assert refused.value.code == "input-changed"


def test_files_are_listed_by_prefix_in_order(store: Store) -> None:
    for path in ("in/b", "in/a/z", "in/a.txt", "inside", "out/a"):
        store.put_atomic(path, [b"1"])

    assert [each.path for each in store.list("in/")] == ["in/a.txt", "in/a/z", "in/b"]
    assert [each.path for each in store.list("in/a")] == ["in/a.txt", "in/a/z"]
    assert [each.path for each in store.list("nothing/")] == []
    assert all(each[1:] == store.head(each.path) for each in store.list(""))


def test_deleting_is_done_once_and_harmless_twice(store: Store) -> None:
    store.put_atomic("p/a", [b"1"])

    for _ in range(2):
        store.delete("p/a")
        store.delete("p/")

    assert store.head("p/a") is None
    assert list(store.list("")) == []


@pytest.mark.parametrize("ask", [lambda s: list(s.read("none/a")), lambda s: list(s.read("none"))])
def test_a_file_that_is_not_there_is_told(store: Store, ask: Callable[[Store], object]) -> None:
    with pytest.raises(Invalid) as refused:
        ask(store)

    assert refused.value.code == "no-file"
    assert store.head("none/a") is None


@pytest.mark.parametrize("path", ["../a", "a/../../b", "/etc/passwd", "a//b", "a\0b", "./a", ""])
def test_no_path_leads_out(store: Store, path: str) -> None:
    for ask in (store.head, lambda each: list(store.read(each))):
        with pytest.raises(Invalid) as refused:
            ask(path)

        assert refused.value.code == "invalid-place"
