"""A redrive job as a value: what was asked for, how far it is, and both as a record. Pure.

    canary ──▶ running ⇄ paused      (paused also from canary, and back to it)
       └──────────┴───────┴──▶ done · aborted · cancelled

One that is aborted or cancelled takes nothing more; what it has under way ends by itself, and
then it has ended too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from broker.clock import from_milliseconds, to_milliseconds
from triggers.redrive.aim import OWN, Aim
from triggers.redrive.plan import RATE_PER_SECOND, Strand

PREFIX = "desk/job/"  # of a job's record
CANARY = 10
CANARY_FROM = 100  # plans of more than so many have a canary, unless somebody says otherwise
ABORT_ABOVE = 0.2


class State(StrEnum):
    CANARY = "canary"
    RUNNING = "running"
    PAUSED = "paused"
    ABORTED = "aborted"
    CANCELLED = "cancelled"
    DONE = "done"


GOING = frozenset({State.CANARY, State.RUNNING})  # it takes more
OPEN = GOING | {State.PAUSED}


@dataclass(frozen=True, slots=True)
class Options:
    """How a plan is redriven. `canary` None: CANARY of those with more than CANARY_FROM."""

    rate_per_second: float = RATE_PER_SECOND
    canary: int | None = None
    abort_above: float = ABORT_ABOVE  # a share of first attempts, 0..1

    def canary_of(self, count: int) -> int:
        if self.canary is None:
            return CANARY if count > CANARY_FROM else 0
        return min(self.canary, count)


@dataclass(frozen=True, slots=True)
class Tally:
    """started = delivered + failed_again + other + those that are waiting.

    `other` were taken away while they were under way; refused ones were never sent.
    """

    started: int = 0
    delivered: int = 0
    failed_again: int = 0
    other: int = 0

    @property
    def waiting(self) -> int:
        return self.started - self.delivered - self.failed_again - self.other


@dataclass(frozen=True, slots=True)
class RedriveJob:
    """One job; its id is its plan's. `taken` says how many were taken of each of `strands`.

    `waiting` are the ids under way, each with its strand's number, and `tried` those of them
    whose first attempt has ended; `firsts` are the latest first attempts, F where one failed,
    of `firsts_done` in all.
    """

    id: str
    broker: str
    strands: tuple[Strand, ...]
    rate_per_second: float
    canary: int
    abort_above: float
    by: str
    reason: str
    began_at: datetime
    state: State = State.RUNNING
    why: str = ""
    ended_at: datetime | None = None
    taken: tuple[int, ...] = ()
    tally: Tally = Tally()
    refused_by: Mapping[str, int] = field(default_factory=dict)
    failed_by_group: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)
    tried: frozenset[str] = frozenset()
    firsts: str = ""
    firsts_done: int = 0
    firsts_failed: int = 0
    is_told: bool = False  # an event of the broker says that it has ended
    aim: Aim = OWN

    @property
    def count(self) -> int:
        return sum(strand.count for strand in self.strands)

    @property
    def refused(self) -> int:
        return sum(self.refused_by.values())

    @property
    def left(self) -> int:
        """How many were not taken yet."""
        return self.count - sum(self.taken)

    @property
    def is_open(self) -> bool:
        """Whether it may still send something."""
        return self.state in OPEN

    def way(self, strand: int) -> str:
        """By which its dead letters of a strand go: jobs with the same one share its room."""
        trigger = self.strands[strand].trigger
        return trigger if self.aim == OWN else f"{self.id}/{trigger}"

    def become(self, state: State, why: str = "") -> "RedriveJob":
        return replace(self, state=state, why=why)


def begin(
    id: str,
    broker: str,
    strands: tuple[Strand, ...],
    options: Options,
    by: str,
    reason: str,
    now: datetime,
    aim: Aim = OWN,
) -> RedriveJob:
    """The job of a plan, before it has taken anything. What is published is not tried first."""
    count = sum(strand.count for strand in strands)
    canary = 0 if aim.broker is not None else options.canary_of(count)
    return RedriveJob(
        id,
        broker,
        strands,
        options.rate_per_second,
        canary,
        options.abort_above,
        by,
        reason,
        now,
        State.CANARY if canary else State.RUNNING,
        taken=(0,) * len(strands),
        aim=aim,
    )


def encode(job: RedriveJob) -> bytes:
    """The value of a job's record."""
    fields: dict[str, Any] = {
        name: getattr(job, name) for name in RedriveJob.__slots__ if name != "id"
    }
    fields["tried"] = sorted(job.tried)
    fields["began_at"] = to_milliseconds(job.began_at)
    fields["ended_at"] = None if job.ended_at is None else to_milliseconds(job.ended_at)
    return orjson.dumps(fields)


def decode(id: str, value: bytes) -> RedriveJob:
    """What `encode` wrote."""
    found: dict[str, Any] = orjson.loads(value)
    found["began_at"] = from_milliseconds(found["began_at"])
    if found["ended_at"] is not None:
        found["ended_at"] = from_milliseconds(found["ended_at"])
    found["strands"] = tuple(Strand(**one) for one in found["strands"])
    found["taken"] = tuple(found["taken"])
    found["tried"] = frozenset(found["tried"])
    found["tally"] = Tally(**found["tally"])
    found["state"] = State(found["state"])
    found["aim"] = Aim(**found.get("aim", {}))  # records of before it could be said have none
    return RedriveJob(id=id, **found)
