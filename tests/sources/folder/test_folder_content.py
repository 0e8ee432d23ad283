"""The last look at what has settled."""

import hashlib
import os
from pathlib import Path
from threading import Event as Flag

import pytest

from sources.folder.content import CHUNK_BYTES, Again, Examiner, Unread, Whole
from sources.folder.listing import Seen
from sources.folder.options import FolderOptions
from sources.folder.scan import Scanner
from sources.folder.selection import Selection

DATA = os.urandom(CHUNK_BYTES + 1)


class Desk:
    def __init__(self, folder: Path, has_hash: bool = True) -> None:
        self.stopped = Flag()
        self.file = folder / "a.csv"
        self.file.write_bytes(DATA)
        selection = Selection(FolderOptions(str(folder)))
        self.scanner = Scanner(str(folder), selection, 10, self.stopped)
        self.examiner = Examiner(str(folder), self.scanner, has_hash, self.stopped)

    def look(self) -> Seen:
        found = self.scanner.look("a.csv")
        assert found is not None
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_still_file_has_the_hash_of_all_its_content(desk: Desk) -> None:
    seen = desk.look()

    found = desk.examiner.examine({"a.csv": seen})

    assert found == {"a.csv": Whole(seen, hashlib.sha256(DATA).hexdigest())}


def test_without_hashing_no_content_is_read(tmp_path: Path) -> None:
    desk = Desk(tmp_path, has_hash=False)
    seen = desk.look()
    desk.file.chmod(0)

    assert desk.examiner.examine({"a.csv": seen}) == {"a.csv": Whole(desk.look(), "")}


def test_a_file_that_has_changed_settles_again(desk: Desk) -> None:
    seen = desk.look()
    desk.file.write_bytes(b"other")

    assert desk.examiner.examine({"a.csv": seen}) == {"a.csv": Again(desk.look())}


def test_a_file_that_went_or_came_back_settles_again(desk: Desk) -> None:
    seen = desk.look()

    assert desk.examiner.examine({"a.csv": None}) == {"a.csv": Again(seen)}
    desk.file.unlink()
    assert desk.examiner.examine({"a.csv": seen}) == {"a.csv": Again(None)}


def test_a_file_that_is_still_gone_is_gone(desk: Desk) -> None:
    assert desk.examiner.examine({"b.csv": None}) == {"b.csv": Whole(None)}


def test_what_cannot_be_read_says_why_and_stops_no_other(desk: Desk) -> None:
    seen = desk.look()
    long_name = "a" * 300  # longer than any file system takes

    found = desk.examiner.examine({long_name: seen, "a.csv": seen})

    assert found[long_name] == Unread("File name too long")
    assert isinstance(found["a.csv"], Whole)


def test_once_stopped_nothing_more_is_examined(desk: Desk) -> None:
    seen = desk.look()

    desk.stopped.set()

    assert desk.examiner.examine({"a.csv": seen}) == {}
