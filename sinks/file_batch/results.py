"""What came of the records of a chunk, and the rows about those that failed. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from sinks.file_batch.record import BadRecord, Chunk, Value
from sinks.file_batch.spec import FailureSpec

ERROR_BYTES_MAX = 4_096  # of an answer
INPUT_BYTES_MAX = 16_384  # of a record, in its row of errors
UNREADABLE = "BAD_RECORD"


class Failure(NamedTuple):
    """A record that has no prediction; `body` is the beginning of what the sink answered."""

    outcome_class: str
    error: str
    status: int | None = None
    attempts: int = 1
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Results:
    """A prediction for each of a chunk's values, None where `failures` has its index.

    `replies`: the attributes of the sink's reply with each, empty where it gave none.
    """

    predictions: Sequence[Value]
    failures: Mapping[int, Failure] = field(default_factory=dict)
    replies: Sequence[Mapping[str, str]] = ()


class Counts(NamedTuple):
    """Of a chunk or of a job. `skipped` failed too, and are in no file."""

    ok: int = 0
    failed: int = 0
    skipped: int = 0


def count(chunk: Chunk, results: Results, failure: FailureSpec) -> Counts:
    lost = len(results.failures) + len(chunk.bad)
    is_skipped = failure.on_record_error == "skip"
    ok = len(results.predictions) - len(results.failures)
    return Counts(ok, 0 if is_skipped else lost, lost if is_skipped else 0)


def is_over_bound(failed: int, rows: int, failure: FailureSpec) -> bool:
    """Whether so many of the first `rows` records may not have failed; `fail` allows none."""
    if failure.on_record_error == "fail" and failed:
        return True
    if failure.errors_max is not None:
        return failed > failure.errors_max
    share = failure.errors_max_share
    return share is not None and rows >= SHARE_ROWS_MIN and failed > share * rows


SHARE_ROWS_MIN = 100  # a share of fewer says nothing


def error_rows(
    chunk: Chunk, results: Results, keys: Sequence[Value], failure: FailureSpec
) -> bytes:
    """A line of JSON for each record that failed, in their order; none where they are skipped."""
    if failure.on_record_error == "skip":
        return b""
    rows = [(bad.row, _unreadable(bad)) for bad in chunk.bad]
    for at, failed in results.failures.items():
        row = _row(chunk, at, failed)
        if keys[at] is not None:
            row["key"] = keys[at]
        if failed.body and failure.keeps_error_body:
            row["body"] = _text(failed.body[:ERROR_BYTES_MAX])
        rows.append((chunk.rows[at], row))
    rows.sort(key=lambda pair: pair[0])
    return b"".join(orjson.dumps(row) + b"\n" for _, row in rows)


def _unreadable(bad: BadRecord) -> dict[str, Value]:
    return {
        "row": bad.row,
        "offset": bad.offset,
        "class": UNREADABLE,
        "error": bad.why,
        "attempts": 0,
        "input": _text(bad.text),
    }


def _row(chunk: Chunk, at: int, failed: Failure) -> dict[str, Value]:
    row: dict[str, Value] = {
        "row": chunk.rows[at],
        "offset": chunk.offsets[at],
        "class": failed.outcome_class,
        "error": failed.error[:ERROR_BYTES_MAX],
        "attempts": failed.attempts,
        "input": _input(chunk, at),
    }
    if failed.status is not None:
        row["status"] = failed.status
    return row


def _input(chunk: Chunk, at: int) -> Value:
    """As JSON; as the beginning of its text where that would be long, as its name for bytes."""
    value = chunk.values[at]
    if isinstance(value, bytes) or chunk.names:
        return {"name": chunk.names[at]} if chunk.names else {"bytes": len(value)}  # type: ignore[arg-type]
    if len(chunk.raws[at] if chunk.raws else orjson.dumps(value)) <= INPUT_BYTES_MAX:
        return value
    raw = chunk.raws[at] if chunk.raws else orjson.dumps(value)
    return _text(raw[:INPUT_BYTES_MAX])


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
