"""What is old is removed from where large replies are kept, and nothing that is not theirs."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.errors import Denied
from sinks.inference.overflow_place import OverflowPlace
from sinks.inference_spec import OverflowSpec

NOW = datetime.now(UTC)
OLD, YOUNG = "a" * 52, "b" * 52


def written(folder: Path, name: str, days: float) -> Path:
    file = folder / name
    file.write_bytes(b"[1]")
    at = (NOW - timedelta(days=days)).timestamp()
    os.utime(file, (at, at))
    return file


def place_of(folder: Path) -> OverflowPlace:
    return OverflowPlace(OverflowSpec(f"file:{folder}"))


def test_only_old_replies_are_removed(tmp_path: Path) -> None:
    old = [written(tmp_path, OLD, 31), written(tmp_path, f"{OLD}.json", 31)]
    young = written(tmp_path, YOUNG, 29)

    removed = place_of(tmp_path).remove_older(NOW - timedelta(days=30), most=100)

    assert removed == 2
    assert [file.exists() for file in (*old, young)] == [False, False, True]


def test_what_somebody_else_put_there_stays(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    others = [
        written(tmp_path, "notes.json", 99),
        written(tmp_path, f"{OLD}.json.bak", 99),
        written(tmp_path / "below", OLD, 99),
    ]

    assert place_of(tmp_path).remove_older(NOW, most=100) == 0
    assert all(file.exists() for file in others)


def test_no_more_are_removed_at_once_than_may_be(tmp_path: Path) -> None:
    for number in range(20):
        written(tmp_path, f"{OLD[:50]}{chr(97 + number)}a", 31)

    assert place_of(tmp_path).remove_older(NOW, most=15) == 15
    assert place_of(tmp_path).remove_older(NOW, most=15) == 5


def test_a_check_leaves_nothing_behind(tmp_path: Path) -> None:
    place_of(tmp_path / "made").check()

    assert list((tmp_path / "made").iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_found_by_the_check(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("no folder")

    with pytest.raises(Denied, match="cannot be made"):
        place_of(tmp_path / "taken").check()
