"""Looking at the files of a real folder."""

import os
from pathlib import Path
from threading import Event as Flag

import pytest

from broker.errors import Invalid
from sources.folder.options import FolderOptions
from sources.folder.scan import Scanned, Scanner
from sources.folder.selection import Selection


def scanner(folder: Path, files_max: int = 100, **fields: object) -> Scanner:
    options = FolderOptions(str(folder), **fields)  # type: ignore[arg-type]
    return Scanner(str(folder), Selection(options), files_max, Flag())


def scan(folder: Path, scope: str = "", **fields: object) -> Scanned:
    return scanner(folder, **fields).scan(scope, lambda _: None)  # type: ignore[arg-type]


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def test_all_selected_files_are_found_with_what_they_are_like(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", "in/deep/b.csv", ".hidden", "in/c.part", ".git/config")

    scanned = scan(tmp_path)

    assert scanned.found.keys() == {"a.csv", "in/deep/b.csv"}
    assert scanned.folders == {"", "in", "in/deep"}
    assert scanned.found["a.csv"].size == 5
    assert scanned.found["a.csv"].inode == (tmp_path / "a.csv").stat().st_ino


def test_each_folder_is_watched_before_it_is_listed(tmp_path: Path) -> None:
    put(tmp_path, "in/a.csv")

    scanned = scanner(tmp_path).scan("", lambda folder: put(tmp_path, f"{folder or '.'}/late.csv"))

    assert scanned.found.keys() == {"late.csv", "in/a.csv", "in/late.csv"}


def test_a_part_is_scanned_with_all_below(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", "in/b.csv", "in/deep/c.csv", "inside/d.csv")

    assert scan(tmp_path, "in").found.keys() == {"in/b.csv", "in/deep/c.csv"}


def test_a_part_that_is_gone_or_excluded_has_nothing(tmp_path: Path) -> None:
    put(tmp_path, ".git/config")

    assert scan(tmp_path, "gone") == Scanned()
    assert scan(tmp_path, ".git") == Scanned()


def test_links_are_followed_only_to_files_inside(tmp_path: Path) -> None:
    put(tmp_path, "outside.csv", "drop/a.csv", "drop/in/b.csv")
    drop = tmp_path / "drop"
    (drop / "link-in.csv").symlink_to("in/b.csv")
    (drop / "link-out.csv").symlink_to("../outside.csv")
    (drop / "link-folder").symlink_to("in")
    (drop / "link-nowhere.csv").symlink_to("gone.csv")
    (drop / "link-circle.csv").symlink_to("link-circle.csv")

    assert scan(drop).found.keys() == {"a.csv", "in/b.csv", "link-in.csv"}


def test_what_is_no_file_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert scan(tmp_path).found == {}
    assert scanner(tmp_path).look("pipe") is None


def test_names_that_are_no_text_are_found(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"a\xff.csv")).write_text("a")

    assert list(scan(tmp_path).found) == ["a\udcff.csv"]


def test_a_folder_that_cannot_be_listed_does_not_stop_the_others(tmp_path: Path) -> None:
    put(tmp_path, "a/b.csv", "c/d.csv")

    def refuse(folder: str) -> None:
        if folder == "a":
            raise PermissionError(13, "Permission denied")

    scanned = scanner(tmp_path).scan("", refuse)

    assert scanned.found.keys() == {"c/d.csv"}
    assert scanned.unread == {"a": "Permission denied"}


def test_more_files_than_may_be_are_refused_with_a_remedy(tmp_path: Path) -> None:
    put(tmp_path, "a", "b", "c")

    with pytest.raises(Invalid, match="more than 2 files") as caught:
        scanner(tmp_path, files_max=2).scan("", lambda _: None)

    assert "maxFiles" in (caught.value.remedy or "")


def test_one_file_is_looked_at_like_many(tmp_path: Path) -> None:
    put(tmp_path, "in/a.csv")
    one = scanner(tmp_path)

    assert one.look("in/a.csv") == scan(tmp_path).found["in/a.csv"]
    assert one.look("in/b.csv") is None
    assert one.look("in/a.csv/c") is None
    assert one.look("in") is None
