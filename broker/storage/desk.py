"""The contract of the dead-letter desk's store; written to only by checkpoints."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from broker.storage.rows import DeadLetter, DeadState

if TYPE_CHECKING:  # made of outlines
    from broker.storage.sheet import Sheet

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


HOURS = 24
HOUR_COUNTED_MAX = 20_000  # of one group in one hour: beyond, it is that or more

Condition = tuple[Term, ...]
"""Terms that must all hold; () is everything. Neutral: every engine can answer it."""


@dataclass(frozen=True, slots=True)
class DeadPage:
    """Newest dead first. `next` is the cursor for the page after, None at the end."""

    items: tuple[DeadLetter, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Sieve:
    """What no condition says: whether a dead letter is meant.

    `keeps` is only asked where the event's data hold each of `texts`, or a backslash, by which
    JSON may spell any character: of all others it must be false. It is called on any thread.
    """

    keeps: Callable[[DeadLetter], bool]
    texts: tuple[bytes, ...] = ()

    def may_keep(self, data: bytes | None) -> bool:
        if not self.texts:
            return True
        return data is not None and (b"\\" in data or all(text in data for text in self.texts))


@dataclass(frozen=True, slots=True)
class Sifted:
    """What a sieve kept of `looked` dead letters. `next` goes on behind these, None at the end."""

    items: tuple[DeadLetter, ...]
    looked: int
    next: str | None


@dataclass(frozen=True, slots=True)
class Outline:
    """What a dead letter counts as, without its event and its evidence."""

    id: str
    trigger: str
    offset: int
    reason: str
    group: str
    size_bytes: int
    dead_at: datetime
    redrives: int


def outline_of(letter: DeadLetter) -> Outline:
    place, size_bytes = letter.place, letter.event.size_bytes
    return Outline(
        letter.id,
        place.trigger,
        place.offset,
        letter.reason,
        letter.group,
        size_bytes,
        letter.dead_at,
        letter.redrives,
    )


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


class Desk(Protocol):
    async def page(self, condition: Condition, cursor: str | None, limit: int) -> DeadPage:
        """Dead letters that meet `condition`, by keyset. Raises Invalid(code="bad-cursor")."""
        ...

    async def sift(
        self, condition: Condition, sieve: Sieve, cursor: str | None, rows: int, limit: int
    ) -> Sifted:
        """As `page`: look at the next `rows` or until `limit` are kept."""
        ...

    async def outlines(
        self, condition: Condition, cursor: str | None, limit: int
    ) -> tuple[Sequence[Outline], str | None]:
        """As `page`, of each only its outline: cheap, for thousands at once."""
        ...

    async def sheet(
        self, condition: Condition, cursor: str | None, limit: int, since: Sequence[datetime]
    ) -> "Sheet":
        """As `outlines`, summed up: for millions. Of `next` there may be nothing left."""
        ...

    async def get(self, id: str) -> DeadLetter | None: ...

    async def states(self, ids: Sequence[str]) -> Mapping[str, DeadState]:
        """The states of those that there are."""
        ...

    async def count(self, condition: Condition, limit: int) -> int:
        """How many meet `condition`; counted up to `limit`."""
        ...

    async def groups(self, trigger: str | None, limit: int) -> Sequence[Group]:
        """Groups that still count something, latest first."""
        ...

    async def groups_named(self, ids: Sequence[str]) -> Sequence[Group]:
        """Those of `ids` that there are, also where they count nothing now; in no order."""
        ...

    async def hourly(self, groups: Sequence[str], until: datetime) -> Mapping[str, Sequence[int]]:
        """Of each group how many dead letters are from each of HOURS hours, the oldest first.

        They are hours of the clock, whole, and `until` is in the last; each is counted up to
        HOUR_COUNTED_MAX, in whatever state.
        """
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
