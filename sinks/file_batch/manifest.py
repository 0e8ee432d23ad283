"""The manifest of a job, written last: where it is, the other files are whole. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from sinks.file_batch.place import Place
from sinks.file_batch.results import Counts
from sinks.file_batch.store import Head, Stored

VERSION = 1


class Output(NamedTuple):
    place: Place
    stored: Stored


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What a manifest says. Times are aware UTC; `options` are `read` and `write` as configured."""

    job_id: str
    source: Place
    head: Head
    rows: int
    counts: Counts
    model: str
    started: datetime
    ended: datetime
    outputs: Sequence[Output]
    version: str | None = None
    variant: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def manifest_bytes(facts: JobFacts) -> bytes:
    """One object of JSON, indented: people read it too."""
    manifest = {
        "manifestVersion": VERSION,
        "jobId": facts.job_id,
        "input": {
            "place": str(facts.source),
            "identity": facts.head.identity,
            "bytes": facts.head.size_bytes,
        },
        "rows": facts.rows,
        **facts.counts._asdict(),
        "model": facts.model,
        "version": facts.version,
        "variant": facts.variant,
        "options": facts.options,
        "started": _text(facts.started),
        "ended": _text(facts.ended),
        "outputs": [
            {
                "place": str(place),
                "bytes": stored.size_bytes,
                "sha256": stored.sha256,
            }
            for place, stored in facts.outputs
        ],
    }
    return orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
