"""Where a trigger stands, and what it has come to."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Revision:
    """One applied trigger spec: its filter counts for offsets from `from_offset` on."""

    trigger: str
    number: int  # 1 is the first
    from_offset: int
    spec: bytes  # JSON, whole, secrets by reference only
    applied_at: datetime


@dataclass(frozen=True, slots=True)
class TriggerState:
    """What is kept of a trigger beside its spec: a pause, and who asked for it."""

    trigger: str
    paused: bool = False
    reason: str = ""
    by: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Per trigger and since its first revision; in a checkpoint: what to add.

    matched = delivered + dead + discarded + rows parked + rows waiting, at every commit
    (conservation): a pair counts as matched when the cursor or a settled range covers it.
    `dead` counts dead letters written first, whatever becomes of them: a redrive makes no
    new pair, so its rows are not among those parked; `redelivered` are those that it delivered.
    """

    trigger: str
    matched: int = 0
    delivered: int = 0
    dead: int = 0
    discarded: int = 0
    redelivered: int = 0

    def plus(self, more: "Counts") -> "Counts":
        return Counts(
            self.trigger,
            self.matched + more.matched,
            self.delivered + more.delivered,
            self.dead + more.dead,
            self.discarded + more.discarded,
            self.redelivered + more.redelivered,
        )


@dataclass(frozen=True, slots=True)
class Mark:
    """At `at`, trigger's cursor stood at `offset` with these counts: for `why` and `verify`."""

    trigger: str
    at: datetime
    offset: int
    matched: int
    delivered: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where one trigger stands: all pairs up to `offset` are settled or have a row.

    `settled` are ranges (first, last), both inclusive, ascending, disjoint, all beyond
    `offset`, that are settled too: they are not delivered again after a crash.
    A trigger with nothing open has no cursor of its own and stands at `routed`.
    """

    trigger: str
    offset: int
    settled: tuple[tuple[int, int], ...] = ()
