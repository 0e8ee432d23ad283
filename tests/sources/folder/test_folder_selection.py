"""Which paths of a folder are looked at."""

import pytest

from sources.folder.options import FolderOptions
from sources.folder.selection import Selection


def selection(**fields: object) -> Selection:
    return Selection(FolderOptions("/drop", **fields))  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["a.csv", "in/a.csv", "a b/ü.txt"])
def test_by_default_every_whole_file_is_taken(path: str) -> None:
    assert selection().takes(path)


@pytest.mark.parametrize("path", [".a.csv", "a.part", "in/a.tmp", ".git/config", "a.tmp/b.csv"])
def test_by_default_hidden_files_and_those_in_the_making_are_not(path: str) -> None:
    assert not selection().takes(path)


def test_a_glob_without_a_slash_is_about_the_name_wherever_it_is() -> None:
    csv = selection(include=("*.csv",))

    assert csv.takes("a.csv")
    assert csv.takes("in/2026/a.csv")
    assert not csv.takes("a.txt")


def test_a_glob_with_a_slash_is_about_the_path() -> None:
    csv = selection(include=("in/*.csv",))

    assert csv.takes("in/a.csv")
    assert not csv.takes("a.csv")
    assert not csv.takes("in/2026/a.csv")


def test_what_is_included_may_be_excluded() -> None:
    csv = selection(include=("*.csv",), exclude=("done/**", "*.old.csv"))

    assert csv.takes("a.csv")
    assert not csv.takes("done/a.csv")
    assert not csv.takes("a.old.csv")


def test_an_excluded_folder_is_not_entered() -> None:
    csv = selection(exclude=("done", "**/cache/**"))

    assert csv.enters("in/new")
    assert not csv.enters("in/done/deep")
    assert not csv.enters("in/cache")


def test_without_recursion_only_the_folder_itself_is_entered() -> None:
    flat = selection(is_recursive=False)

    assert flat.enters("")
    assert not flat.enters("in")
    assert flat.takes("a.csv")
    assert not flat.takes("in/a.csv")
