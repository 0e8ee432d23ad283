"""A file job as a value: what is read, how far it has come, and both as records. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from broker.clock import from_milliseconds, to_milliseconds
from broker.delivery import Reason
from sinks.file_batch.manifest import Output
from sinks.file_batch.place import Place
from sinks.file_batch.results import Counts
from sinks.file_batch.store import Head, Stored

PREFIX = "file-job/"  # of a job's record
DELIVERIES_KEPT = 64  # that wait for one job; the others look again by themselves


class State(StrEnum):
    WAITING = "waiting"  # for a place among those at work
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"  # the file, or how it is read and written, is another by now


OPEN = frozenset({State.WAITING, State.RUNNING, State.PAUSED})
AT_WORK = frozenset({State.WAITING, State.RUNNING})
LASTING = frozenset({State.FAILED, State.CANCELLED})  # what is done is kept: it can go on


NOTHING = Counts()


@dataclass(frozen=True, slots=True)
class FileJob:
    """One file of one trigger, in one state of its content.

    `options` is the hash of `read` and `write`, `deliveries` the offsets that wait for its end.
    `counts`, `rows` and `position` are of the chunks that are durable; `reason` and `why` say what
    ended it. `told_at` and `told_share` are of the latest event of progress, `vain_starts` how
    often it began since a chunk was done.
    """

    id: str
    trigger: str
    sink: str  # the FileBatch, namespace/name
    source: Place
    head: Head
    options: str
    offset: int
    hops: int
    deliveries: tuple[int, ...]
    created_at: datetime
    state: State = State.WAITING
    reason: Reason | None = None
    why: str = ""
    redrives: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    chunks: int = 0
    rows: int = 0
    position: int = 0  # how many bytes, or rows of a table, the chunks that are done cover
    counts: Counts = NOTHING
    model: str = ""
    version: str | None = None
    vain_starts: int = 0
    told_at: datetime | None = None
    told_share: float = 0.0
    outputs: tuple[Output, ...] = ()
    redoes: bool = False  # chunks in which records failed are done anew
    earlier: Counts | None = None  # of the complete outputs whose errors are tried again
    is_swept: bool = False  # nothing is left of it but this record and its outputs

    @property
    def key(self) -> str:
        return PREFIX + self.id

    @property
    def step(self) -> str:
        """The step of its calls, as sinks see it."""
        return f"file/{self.id}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def failed(self) -> int:
        """Records without a prediction, told of in a file or not."""
        return self.counts.failed + self.counts.skipped

    def become(self, state: State, **facts: Any) -> "FileJob":
        return replace(self, state=state, **facts)

    def waited_for_by(self, offset: int) -> "FileJob":
        """Known to the delivery at `offset`, which is woken at its end."""
        if offset in self.deliveries or len(self.deliveries) >= DELIVERIES_KEPT:
            return self
        return replace(self, deliveries=(*self.deliveries, offset))


def encode(job: FileJob) -> bytes:
    """The value of a job's record."""
    return orjson.dumps(
        {
            "trigger": job.trigger,
            "sink": job.sink,
            "source": [job.source.kind, job.source.container, job.source.path],
            "head": job.head,
            "options": job.options,
            "offset": job.offset,
            "hops": job.hops,
            "deliveries": job.deliveries,
            "state": job.state,
            "reason": job.reason,
            "why": job.why,
            "redrives": job.redrives,
            "created_at": to_milliseconds(job.created_at),
            "started_at": _written(job.started_at),
            "ended_at": _written(job.ended_at),
            "done": [job.chunks, job.rows, job.position],
            "counts": job.counts,
            "model": [job.model, job.version],
            "vain_starts": job.vain_starts,
            "flags": [job.redoes, job.is_swept],
            "earlier": job.earlier,
            "told": [_written(job.told_at), job.told_share],
            "outputs": [
                [place.kind, place.container, place.path, *stored] for place, stored in job.outputs
            ],
        },
        list,
    )


def decode(id: str, value: bytes) -> FileJob:
    """What `encode` wrote."""
    found = orjson.loads(value)
    chunks, rows, position = found["done"]
    model, version = found["model"]
    told_at, told_share = found["told"]
    redoes, is_swept = found["flags"]
    return FileJob(
        id=id,
        trigger=found["trigger"],
        sink=found["sink"],
        source=Place(*found["source"]),
        head=Head(*found["head"]),
        options=found["options"],
        offset=found["offset"],
        hops=found["hops"],
        deliveries=tuple(found["deliveries"]),
        state=State(found["state"]),
        reason=None if found["reason"] is None else Reason(found["reason"]),
        why=found["why"],
        redrives=found["redrives"],
        created_at=from_milliseconds(found["created_at"]),
        started_at=_read(found["started_at"]),
        ended_at=_read(found["ended_at"]),
        chunks=chunks,
        rows=rows,
        position=position,
        counts=Counts(*found["counts"]),
        model=model,
        version=version,
        vain_starts=found["vain_starts"],
        told_at=_read(told_at),
        told_share=told_share,
        redoes=redoes,
        earlier=None if found.get("earlier") is None else Counts(*found["earlier"]),
        is_swept=is_swept,
        outputs=tuple(
            Output(Place(kind, container, path), Stored(*stored))
            for kind, container, path, *stored in found["outputs"]
        ),
    )


def _written(moment: datetime | None) -> int | None:
    return None if moment is None else to_milliseconds(moment)


def _read(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_milliseconds(milliseconds)
