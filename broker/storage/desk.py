"""The contract of the dead-letter desk's store; written to only by checkpoints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from broker.storage.rows import DeadLetter, DeadState

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "in", "prefix"]
FIELDS = (
    "id", "trigger", "sink", "reason", "class", "status", "state", "group", "attempts", "size",
    "offset", "dead_at", "first_at", "stored_at", "type", "source", "subject", "event_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison of a dead letter's field; times are aware datetimes, sizes bytes."""

    field: str  # one of FIELDS
    operator: Operator
    value: str | int | datetime | tuple[str | int, ...]


Condition = tuple[Term, ...]
"""Terms that must all hold; () is everything. Neutral: every engine can answer it."""


@dataclass(frozen=True, slots=True)
class DeadPage:
    """Newest dead first. `next` is the cursor for the page after, None at the end."""

    items: tuple[DeadLetter, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """Failures alike: one fingerprint, counted incrementally. `count` are those in state dead."""

    id: str
    trigger: str
    sink: str
    outcome_class: str
    status: int | None
    reason: str
    pattern: str
    count: int
    total: int
    first_at: datetime
    last_at: datetime
    example: str  # id of the latest dead letter
    state: str = "open"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many dead letters, by (trigger, reason, group); not complete where there are more."""

    count: int
    rows: Mapping[tuple[str, str, str], int]
    is_complete: bool


class Desk(Protocol):
    async def page(self, condition: Condition, cursor: str | None, limit: int) -> DeadPage:
        """Dead letters that meet `condition`, by keyset. Raises Invalid(code="bad-cursor")."""
        ...

    async def get(self, id: str) -> DeadLetter | None: ...

    async def states(self, ids: Sequence[str]) -> Mapping[str, DeadState]:
        """The states of those that there are."""
        ...

    async def tally(self, condition: Condition, limit: int) -> Tally:
        """Count those that meet `condition`, at most `limit` of them."""
        ...

    async def groups(self, trigger: str | None, limit: int) -> Sequence[Group]:
        """Groups that still count something, latest first."""
        ...

    async def totals(self) -> Mapping[str, int]:
        """Dead letters in state dead, per trigger; cheap."""
        ...

    async def dead_before(self, before: datetime, limit: int = 100_000) -> int:
        """How many in state dead are from before `before`; counted up to `limit`."""
        ...

    async def expire(self, before: datetime, limit: int = 1000) -> int:
        """Forget dead letters dead before `before` and not redriving; gives how many."""
        ...

    async def purge(self, bytes_kept: int, limit: int = 1000) -> int:
        """Forget discarded dead letters past their `purge_at`, and while more than
        `bytes_kept` are kept the oldest discarded; gives how many."""
        ...
