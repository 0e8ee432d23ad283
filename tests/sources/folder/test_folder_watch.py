"""Hearing of changes in a real folder."""

import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sources.folder.dirty import Dirty
from sources.folder.watch import Inotify, Polling

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
DEADLINE_SECONDS = 10.0


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Inotify]:
    made = Inotify(str(tmp_path))
    made.open()
    made.listen()
    made.add("")
    yield made
    made.close()


async def heard(watch: Inotify, name: str = "", folder: str = "") -> Dirty:
    """Once it has heard of `name` or `folder`, or of everything: all until then."""
    found = Dirty()
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (found.is_all or name in found.names or folder in found.folders):
        assert time.monotonic() < deadline, f"only {found.names} {found.folders}"
        dirty = await watch.wait(0.1)
        found.is_all = dirty.is_all
        found.names |= dirty.names
        found.folders |= dirty.folders
    return found


async def test_files_written_and_removed_are_heard_of(watch: Inotify, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a")
    await heard(watch, "a.csv")

    (tmp_path / "a.csv").unlink()

    await heard(watch, "a.csv")


async def test_both_names_of_a_rename_are_heard_of(watch: Inotify, tmp_path: Path) -> None:
    (tmp_path / "a.part").write_text("a")

    (tmp_path / "a.part").rename(tmp_path / "a.csv")

    found = await heard(watch, "a.csv")
    assert found.names == {"a.part", "a.csv"}


async def test_a_new_folder_is_heard_of_and_what_is_in_it_once_added(
    watch: Inotify, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    await heard(watch, folder="in")

    watch.add("in")
    (tmp_path / "in" / "b.csv").write_text("b")

    await heard(watch, "in/b.csv")


async def test_what_is_not_kept_is_not_heard_of(watch: Inotify, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    watch.add("in")
    watch.keep({""})

    (tmp_path / "in" / "b.csv").write_text("b")
    (tmp_path / "a.csv").write_text("a")

    assert (await heard(watch, "a.csv")).names == {"a.csv"}


async def test_the_folder_itself_going_is_everything(watch: Inotify, tmp_path: Path) -> None:
    tmp_path.rename(tmp_path.with_name("away"))

    found = await heard(watch, "-")

    assert found.is_all


async def test_a_folder_that_is_gone_cannot_be_added(watch: Inotify) -> None:
    with pytest.raises(FileNotFoundError):
        watch.add("gone")


async def test_nothing_is_heard_where_nothing_happens(watch: Inotify) -> None:
    assert not await watch.wait(0.01)


async def test_polling_hears_nothing_and_scans_every_second() -> None:
    polling = Polling()

    polling.add("")
    polling.keep(())

    assert not await polling.wait(0.0)
    assert polling.scan_seconds_max == 1.0
    polling.close()
