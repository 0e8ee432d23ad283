"""A file before it is a job: settled, whole, ours."""

from dataclasses import replace
from pathlib import Path

import pytest

from sinks.file_batch.place import Place
from sinks.file_batch.sink import FileBatchSink
from sinks.file_batch.spec import MatchSpec
from sinks.file_batch.store import Head
from sinks.spec import FileBatchSinkSpec
from tests.triggers.file_jobs.works import Works
from triggers.file_jobs.watching import Seen, Settling, files_of, is_manifest, look

HEAD = Head(3, "first")


def batch(tmp_path: Path, **match: object) -> FileBatchSink:
    works = Works(tmp_path)
    spec = replace(works.spec, match=MatchSpec(**match))  # type: ignore[arg-type]
    return FileBatchSink(
        FileBatchSinkSpec(spec, works.model_spec), (works.model, works.target),
        lambda *_: None, works.clock, lambda _: works.files.desk,
    )  # fmt: skip


def place(path: str) -> Place:
    return Place("folder", "", path)


def test_a_file_settles_when_it_stays_the_same_for_so_long() -> None:
    times = iter([0.0, 1.5, 3.0, 3.6])
    settling, which = Settling(lambda: next(times)), ("t", 1, place("a"))

    waits = [settling.wait_seconds(which, head, 2.0) for head in (HEAD, Head(4, "b"), Head(4, "b"))]

    assert waits == [2.0, 2.0, 0.5]
    assert settling.wait_seconds(which, Head(4, "b"), 2.0) == 0.0


@pytest.mark.parametrize(
    ("path", "match", "why"),
    [
        ("a.txt", {"glob": "*.csv"}, "other"),
        ("in/a.csv", {"prefix": "out/"}, "other"),
        ("a.csv", {"bytes_min": 100}, "too-small"),
        ("a.csv", {"bytes_max": 1}, "too-large"),
        ("a.csv.predictions.csv", {}, "output"),
        ("a.csv.ready", {"marker": "ready"}, "marker"),
    ],
)
def test_what_is_not_ours_is_passed_over_with_a_word(
    tmp_path: Path, path: str, match: dict[str, object], why: str
) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")

    assert look(place(path), batch(tmp_path, **match)) == why


def test_a_file_is_awaited_until_its_marker_is_there(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    sink = batch(tmp_path, marker="ready")

    before = look(place("a.csv"), sink)
    (tmp_path / "a.csv.ready").touch()
    after = look(place("a.csv"), sink)

    assert isinstance(before, Seen)
    assert isinstance(after, Seen)
    assert (before.is_awaited, after.is_awaited) == (True, False)


def test_a_manifest_stands_for_the_files_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "all.manifest").write_text('"in/a.csv"\n{"key": "in/b.csv"}\n')

    found = files_of(place("all.manifest"), batch(tmp_path))

    assert found == [place("in/a.csv"), place("in/b.csv")]
    assert is_manifest(place("all.manifest"), batch(tmp_path))
    assert not is_manifest(place("a.csv"), batch(tmp_path))
