"""Paths from outside, on a disk where somebody else puts links and pipes."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from broker.errors import HeadraceError, Invalid
from sinks.file_batch.folder_store import FolderStore
from sinks.file_batch.store import Access


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    return tmp_path / "root"


@pytest.fixture
def store(root: Path) -> FolderStore:
    return FolderStore("", Access(root=str(root)))


def test_a_link_is_no_file_wherever_it_leads(root: Path, store: FolderStore) -> None:
    (root / "inside").write_bytes(b"x")
    (root / "out").symlink_to("../secret")
    (root / "in").symlink_to("inside")

    for path in ("out", "in"):
        assert store.head(path) is None
        with pytest.raises(Invalid, match="no such file"):
            list(store.read(path))
    assert [each.path for each in store.list("")] == ["inside"]


def test_a_linked_folder_is_not_entered(root: Path, store: FolderStore) -> None:
    (root / "up").symlink_to("..")

    with pytest.raises(Invalid):
        list(store.read("up/secret"))
    with pytest.raises(Invalid):
        store.put_atomic("up/written", [b"x"])

    assert not (root.parent / "written").exists()
    assert list(store.list("up/")) == list(store.list("")) == []


def test_writing_over_a_link_replaces_the_link(root: Path, store: FolderStore) -> None:
    (root / "out").symlink_to("../secret")
    (root / ".out.writing").symlink_to("../secret")

    store.put_atomic("out", [b"x"])

    assert (root / "out").read_bytes() == b"x"
    assert (root.parent / "secret").read_bytes() == b"secret"


def test_a_pipe_is_no_file_and_holds_nobody_up(root: Path, store: FolderStore) -> None:
    os.mkfifo(root / "pipe")

    with pytest.raises(Invalid, match="no such file"):
        list(store.read("pipe"))

    assert store.head("pipe") is None


def test_a_name_that_the_disk_does_not_take_is_told(store: FolderStore) -> None:
    with pytest.raises(HeadraceError, match="shorten it"):
        store.put_atomic("x" * 300, [b""])


def test_what_a_death_left_half_written_is_written_over(root: Path, store: FolderStore) -> None:
    (root / ".a.writing").write_bytes(b"half of an ear")

    store.put_atomic("a", [b"whole"])

    assert [(each.name, each.read_bytes()) for each in root.iterdir()] == [("a", b"whole")]


def test_a_file_that_grows_while_it_is_read_is_noticed(root: Path, store: FolderStore) -> None:
    (root / "a").write_bytes(b"x" * 3_000_000)

    def reading() -> Iterator[bytes]:
        for block in store.read("a"):
            with (root / "a").open("ab") as file:
                file.write(b"y")
            yield block

    with pytest.raises(HeadraceError) as refused:
        list(reading())

    assert refused.value.code == "input-changed"


def test_a_file_that_goes_while_others_are_listed_hides_none(
    root: Path, store: FolderStore
) -> None:
    for name in ("a", "b", "c"):
        (root / name).write_bytes(b"x")
    tomorrow = datetime.now().astimezone() + timedelta(days=1)

    listing = store.older("", tomorrow)
    first = next(listing)
    gone, left = sorted({"a", "b", "c"} - {first})
    (root / gone).unlink()

    assert list(listing) == [left]
