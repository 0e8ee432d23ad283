"""A replay job as a value: what is replayed, how far it has come, and both as a record. Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from broker.clock import from_milliseconds, to_milliseconds
from broker.storage.rows import Counts
from triggers.filters.build import build_filter
from triggers.filters.combined import All
from triggers.filters.filter import Filter

PREFIX = "replay/"  # of a job's record, and of the step of its deliveries
RATE_PER_SECOND = 50.0
RATE_PER_SECOND_MAX = 10_000.0


class State(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLING = "cancelling"  # calls under way end, then what is parked goes
    FAILING = "failing"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"


OPEN = frozenset({State.RUNNING, State.PAUSED})
ENDED = frozenset({State.FINISHED, State.CANCELLED, State.FAILED})


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """What somebody asks for. Times name offsets: from the first event stored at or after
    `first`, to the last one stored before `last`; offsets count themselves.

    `id` makes asking twice safe; None draws one. `cesql` is asked in addition to the
    trigger's present filter. `to_sink` is a URL in place of the trigger's own sink.
    """

    trigger: str  # namespace/name
    first: int | datetime
    last: int | datetime | None = None  # None: the last one stored now
    cesql: str | None = None
    rate_per_second: float = RATE_PER_SECOND
    to_sink: str | None = None
    in_order: bool = False  # one at a time, the next only when the one before has settled
    reason: str = ""
    id: str | None = None

    def digest(self) -> str:
        """The same for the same request, whatever its id and its reason."""
        asked = (
            self.trigger, str(self.first), str(self.last), self.cesql,
            self.rate_per_second, self.to_sink, self.in_order,
        )  # fmt: skip
        return hashlib.sha256(repr(asked).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class ReplayJob:
    """One job. The range and the filter are fixed when it is made; `why` says what stopped it.

    `filters` and `attributes` are the trigger's at that time, as written; `revision` its number.
    """

    id: str
    trigger: str
    first: int
    last: int
    filters: tuple[Mapping[str, Any], ...]
    attributes: Mapping[str, str] | None
    revision: int
    cesql: str | None
    rate_per_second: float
    to_sink: str | None
    in_order: bool
    by: str
    reason: str
    created_at: datetime
    digest: str
    state: State = State.RUNNING
    why: str = ""
    ended_at: datetime | None = None

    @property
    def step(self) -> str:
        """The step of its deliveries and dead letters."""
        return PREFIX + self.id

    @property
    def lane_name(self) -> str:
        """Under which its cursor and its rows are kept."""
        return f"{self.trigger}#{self.step}"

    @property
    def events(self) -> int:
        """How many offsets it passes, matching or not."""
        return self.last - self.first + 1

    def become(self, state: State, why: str = "", ended_at: datetime | None = None) -> "ReplayJob":
        return replace(self, state=state, why=why, ended_at=ended_at)

    def filter(self) -> Filter:
        """Raises InvalidFilter where `cesql` is none."""
        present = build_filter(self.filters, self.attributes)
        if self.cesql is None:
            return present
        return All([present, build_filter([{"cesql": self.cesql}])])


@dataclass(frozen=True, slots=True)
class Written:
    """A job as its record has it; all offsets up to `passed` are settled or have a row."""

    job: ReplayJob
    tally: Counts
    passed: int


def encode(written: Written) -> bytes:
    """The value of a job's record."""
    job, tally = written.job, written.tally
    return orjson.dumps(
        {
            "trigger": job.trigger,
            "first": job.first,
            "last": job.last,
            "filters": job.filters,
            "attributes": job.attributes,
            "revision": job.revision,
            "cesql": job.cesql,
            "rate": job.rate_per_second,
            "to_sink": job.to_sink,
            "in_order": job.in_order,
            "by": job.by,
            "reason": job.reason,
            "created_at": to_milliseconds(job.created_at),
            "digest": job.digest,
            "state": job.state.value,
            "why": job.why,
            "ended_at": None if job.ended_at is None else to_milliseconds(job.ended_at),
            "tally": [tally.matched, tally.delivered, tally.dead, tally.discarded],
            "passed": written.passed,
        }
    )


def decode(id: str, value: bytes) -> Written:
    """What `encode` wrote."""
    found = orjson.loads(value)
    ended_at = found["ended_at"]
    job = ReplayJob(
        id=id,
        trigger=found["trigger"],
        first=found["first"],
        last=found["last"],
        filters=tuple(found["filters"]),
        attributes=found["attributes"],
        revision=found["revision"],
        cesql=found["cesql"],
        rate_per_second=found["rate"],
        to_sink=found["to_sink"],
        in_order=found["in_order"],
        by=found["by"],
        reason=found["reason"],
        created_at=from_milliseconds(found["created_at"]),
        digest=found["digest"],
        state=State(found["state"]),
        why=found["why"],
        ended_at=None if ended_at is None else from_milliseconds(ended_at),
    )
    return Written(job, Counts(job.lane_name, *found["tally"]), found["passed"])
