"""From an input to its files: parts, errors, manifest; selected, counted, joined, removed."""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import orjson
import pytest

from sinks.file_batch.finalising import Parts
from sinks.file_batch.folder_store import FolderStore
from sinks.file_batch.manifest import JobFacts, manifest_bytes
from sinks.file_batch.names import names_for
from sinks.file_batch.opening import open_reader
from sinks.file_batch.place import parse_place
from sinks.file_batch.results import (
    Counts,
    Failure,
    Results,
    count,
    error_rows,
    is_over_bound,
)
from sinks.file_batch.row_writer import make_writer
from sinks.file_batch.selecting import keys_of, select
from sinks.file_batch.spec import FailureSpec, ReadSpec, WriteSpec
from sinks.file_batch.store import Access, Head, Stored
from tests.sinks.file_batch.files import chunks_of

SOURCE = parse_place("in/iris.csv")
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FAILED = Failure("BAD_INPUT", "no such shape", status=400, attempts=2, body=b'{"error":"x"}')


def test_a_file_becomes_predictions_errors_and_a_manifest(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "iris.csv").write_bytes(b"a,b\n" + b"1,x\n" * 2_000 + b"bad\n2,y\n")
    store, read = FolderStore("", Access(root=str(tmp_path))), ReadSpec()
    head = store.head(SOURCE.path)
    assert head is not None
    reader = open_reader(store, SOURCE.path, head, read)
    writer = make_writer(reader, read, WriteSpec())
    parts = Parts(store, names_for(SOURCE, WriteSpec(), "csv"))

    for chunk in reader.chunks():
        results = Results([1] * len(chunk.values))
        errors = error_rows(chunk, results, keys_of(chunk, None), FailureSpec())
        parts.put(chunk.start.number, writer.part(chunk, results), errors)
    outputs = parts.join(writer, [0, 1], [1])
    counts = Counts(2_001, 1, 0)
    facts = JobFacts("id", SOURCE, head, 2_002, counts, "iris", AT, AT, outputs)
    parts.commit(facts)

    folder = tmp_path / "in"
    predictions = (folder / "iris.csv.predictions.csv").read_bytes()
    (error,) = (folder / "iris.csv.errors.jsonl").read_bytes().splitlines()
    manifest = orjson.loads((folder / "iris.csv.predictions.manifest.json").read_bytes())
    assert predictions == b"a,b,prediction\n" + b"1,x,1\n" * 2_000 + b"2,y,1\n"
    assert orjson.loads(error)["row"] == 2_001
    assert manifest["outputs"][0]["sha256"] == sha256(predictions).hexdigest()
    assert (manifest["ok"], manifest["failed"], manifest["started"]) == (
        2_001,
        1,
        "2026-01-02T03:04:05Z",
    )
    assert len(list(folder.iterdir())) == 4


def test_joining_again_gives_the_same_and_removes_what_an_earlier_job_said(tmp_path: Path) -> None:
    store = FolderStore("", Access(root=str(tmp_path)))
    names = names_for(SOURCE, WriteSpec(), "jsonl")
    for place in (names.errors, names.manifest):
        store.put_atomic(place.path, [b"of an earlier job"])
    (chunk,) = chunks_of(b'{"a":1}\n', "in.jsonl")
    store.put_atomic("in.jsonl", [b'{"a":1}\n'])
    head = store.head("in.jsonl")
    assert head is not None
    writer = make_writer(open_reader(store, "in.jsonl", head, ReadSpec()), ReadSpec(), WriteSpec())
    parts = Parts(store, names)
    parts.put(0, writer.part(chunk, Results([1])), b"")

    outputs = [parts.join(writer, [0], []) for _ in range(2)]

    assert outputs[0] == outputs[1]
    assert store.head(names.errors.path) is store.head(names.manifest.path) is None


def test_a_part_is_known_by_its_content(tmp_path: Path) -> None:
    store = FolderStore("", Access(root=str(tmp_path)))
    parts = Parts(store, names_for(SOURCE, WriteSpec(), "csv"))
    stored = parts.put(3, b"1,2\n", b"")

    found = [parts.is_there(3, stored), parts.is_there(4, stored)]
    found.append(parts.is_there(3, Stored(stored.size_bytes, sha256(b"3,4\n").hexdigest())))
    parts.remove()

    assert found == [True, False, False]
    assert not parts.is_there(3, stored)
    assert list((tmp_path / "in").iterdir()) == []


def test_a_failed_record_is_told_with_all_that_is_known_of_it() -> None:
    (chunk,) = chunks_of(b"id,b\nk1,x\nk2,y\n\xff,z\n")

    rows = error_rows(chunk, Results([1, None], {1: FAILED}), ["k1", "k2"], FailureSpec())

    sink, unread = map(orjson.loads, rows.splitlines())
    assert sink == {
        "row": 2, "offset": 10, "key": "k2", "class": "BAD_INPUT", "status": 400, "attempts": 2,
        "error": "no such shape", "input": {"id": "k2", "b": "y"}, "body": '{"error":"x"}',
    }  # fmt: skip
    assert (unread["row"], unread["class"], unread["input"]) == (3, "BAD_RECORD", "\ufffd,z")


def test_rows_of_errors_stay_small_and_may_leave_out_the_answer() -> None:
    (chunk,) = chunks_of(b'{"a":"' + b"x" * 100_000 + b'"}\n', "in.jsonl")
    failed = Failure("BAD_INPUT", "e" * 100_000, body=b"b" * 100_000)

    rows = error_rows(chunk, Results([None], {0: failed}), [None], FailureSpec())
    short = error_rows(
        chunk, Results([None], {0: failed}), [None], FailureSpec(keeps_error_body=False)
    )

    assert len(rows) < 26_000
    assert b"bbbb" not in short


@pytest.mark.parametrize(
    ("how", "counts", "lines"),
    [("write", Counts(1, 2, 0), 2), ("fail", Counts(1, 2, 0), 2), ("skip", Counts(1, 0, 2), 0)],
)
def test_failures_are_written_or_only_counted(how: str, counts: Counts, lines: int) -> None:
    failure = FailureSpec(on_record_error=how)  # type: ignore[arg-type]
    (chunk,) = chunks_of(b"a\nx\ny\n\xff\n")
    results = Results([1, None], {1: FAILED})

    rows = error_rows(chunk, results, [None, None], failure)

    assert count(chunk, results, failure) == counts
    assert len(rows.splitlines()) == lines


@pytest.mark.parametrize(
    ("failure", "failed", "rows", "is_over"),
    [
        (FailureSpec(), 50, 99, False),
        (FailureSpec(), 10, 100, False),
        (FailureSpec(), 11, 100, True),
        (FailureSpec(errors_max=3), 3, 3, False),
        (FailureSpec(errors_max=3), 4, 1_000, True),
        (FailureSpec(on_record_error="fail"), 1, 1, True),
        (FailureSpec(errors_max_share=None), 9, 9, False),
    ],
)
def test_a_job_ends_when_too_much_of_it_failed(
    failure: FailureSpec, failed: int, rows: int, is_over: bool
) -> None:
    assert is_over_bound(failed, rows, failure) is is_over


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (ReadSpec(columns=("c", "a", "none")), {"c": 3, "a": 1}),
        (ReadSpec(exclude=("b",)), {"a": 1, "c": 3}),
        (ReadSpec(columns=("none",)), {}),
        (ReadSpec(), {"a": 1, "b": 2, "c": 3}),
    ],
)
@pytest.mark.parametrize(
    ("path", "data"), [("in.csv", b"a,b,c\n1,2,3\n"), ("in.jsonl", b'{"a":1,"b":2,"c":3}\n')]
)
def test_only_what_is_selected_is_sent(
    path: str, data: bytes, read: ReadSpec, value: dict[str, int]
) -> None:
    (chunk,) = chunks_of(data, path)

    sent = select(
        chunk, ReadSpec(read.format, columns=read.columns, exclude=read.exclude, key_field="b")
    )

    assert list(sent.values) == [value]
    assert list(sent.keys) == [2]
    assert sent.columns is None or list(sent.columns) == list(value)


def test_a_manifest_says_what_was_read() -> None:
    facts = JobFacts("id", SOURCE, Head(5, "etag"), 1, Counts(ok=1), "iris", AT, AT, [])

    told = orjson.loads(manifest_bytes(facts))
    assert told["input"] == {"place": "in/iris.csv", "identity": "etag", "bytes": 5}
