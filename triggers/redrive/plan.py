"""A plan as a value: which dead letters a verb is about, frozen, and what was shown of them. Pure.

    made ──(within an hour)──▶ acted on, once: a redrive is a job then, under the plan's id
      └──────(an hour)───────▶ gone

Its ids are kept beside it in pages, by trigger, so that a job of many triggers can go on with
those that take something while another is paused.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import orjson

from broker.clock import from_milliseconds, to_milliseconds
from broker.storage.rows import DeadState
from triggers.redrive.aim import OWN, Aim

PREFIX = "desk/plan/"  # of a plan's record
PAGES_PREFIX = "desk/plan-ids/"  # of its ids: desk/plan-ids/PLAN/STRAND/PAGE
PAGE_IDS = 2_000
VALID = timedelta(hours=1)
RATE_PER_SECOND = 50.0
RATE_PER_SECOND_MAX = 10_000.0

Verb = Literal["redrive", "discard", "restore", "export"]
STATE_OF_VERB: Final[Mapping[str, DeadState]] = {  # an export is of those in any state
    "redrive": DeadState.DEAD,
    "discard": DeadState.DEAD,
    "restore": DeadState.DISCARDED,
}


@dataclass(frozen=True, slots=True)
class Strand:
    """The ids of one trigger: so many, newest dead first in their pages."""

    trigger: str
    count: int


@dataclass(frozen=True, slots=True)
class GroupShare:
    """How much of a plan is one group."""

    group: str
    trigger: str
    reason: str
    status: int | None
    pattern: str
    count: int


@dataclass(frozen=True, slots=True)
class Breakdown:
    """`by_group` are the largest of `groups`; `by_age` counts by when they died: hour, day,
    week, older."""

    count: int = 0
    size_bytes: int = 0
    by_group: tuple[GroupShare, ...] = ()
    groups: int = 0
    by_reason: Mapping[str, int] = field(default_factory=dict)
    by_trigger: Mapping[str, int] = field(default_factory=dict)
    by_age: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Caveat:
    """What whoever acts on a plan should know before; `code` is for programs.

    `message` are words of a sink, which not everybody may see.
    """

    code: str
    text: str
    trigger: str | None = None
    count: int | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a discard or restore came to; of those left as they were, how many for which why."""

    moved: int
    refused_by: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """`is_complete` is false where there are more than a plan holds, or than could be read.

    `possible` are the most a second that its triggers took lately, of those that were ever
    sent more than they took. Of a discard or restore `outcome` is what it came to so far, after
    the first `passed` of its ids.
    """

    id: str
    broker: str
    verb: Verb
    where: str | None
    group: str | None
    by: str
    made_at: datetime
    rate_per_second: float
    breakdown: Breakdown
    is_complete: bool
    warnings: tuple[Caveat, ...]
    strands: tuple[Strand, ...]
    acted_at: datetime | None = None
    outcome: Outcome | None = None
    aim: Aim = OWN
    possible: Mapping[str, float] = field(default_factory=dict)
    acted_by: str = ""
    acted_reason: str = ""
    passed: int = 0

    @property
    def count(self) -> int:
        return self.breakdown.count

    @property
    def valid_until(self) -> datetime:
        return self.made_at + VALID

    @property
    def seconds(self) -> float | None:
        """How long a redrive takes at the rate, or at what is possible where that is less."""
        if self.verb != "redrive":
            return None
        return max(self.count / self.rate_per_second, *self._least_seconds().values(), 0.0)

    @property
    def slowest(self) -> str | None:
        """The trigger, and not the rate, that says how long a redrive takes; None: the rate."""
        least_seconds = self._least_seconds()
        slowest = max(least_seconds, key=lambda name: least_seconds[name], default=None)
        if slowest is None or least_seconds[slowest] <= self.count / self.rate_per_second:
            return None
        return slowest

    def _least_seconds(self) -> dict[str, float]:
        """How long each trigger takes at least, where that is known."""
        counts = {strand.trigger: strand.count for strand in self.strands}
        return {name: counts[name] / most for name, most in self.possible.items()}

    def acted(self, at: datetime) -> "Plan":
        return replace(self, acted_at=at)

    def begun(self, at: datetime, by: str, reason: str) -> "Plan":
        """A discard or restore that is carried out from now on."""
        return replace(self, acted_at=at, acted_by=by, acted_reason=reason, outcome=Outcome(0, {}))

    def went_on(self, passed: int, moved: int, refused: Sequence[str]) -> "Plan":
        """So many ids more were gone through; those `refused` were left, for these whys."""
        before = self.outcome or Outcome(0, {})
        by_why = Counter(before.refused_by) + Counter(refused)
        outcome = Outcome(before.moved + moved, dict(by_why))
        return replace(self, passed=self.passed + passed, outcome=outcome)

    @property
    def is_over(self) -> bool:
        """Whether all is done that it was acted on for; a redrive's job goes on by itself."""
        if self.acted_at is None:
            return False
        return self.verb not in ("discard", "restore") or self.passed >= self.count


def page_key(plan: str, strand: int, page: int) -> str:
    return f"{PAGES_PREFIX}{plan}/{strand:04}/{page:06}"


def page_keys(plan: str, strands: tuple[Strand, ...]) -> list[str]:
    """All pages of a plan."""
    return [
        page_key(plan, number, page)
        for number, strand in enumerate(strands)
        for page in range(-(-strand.count // PAGE_IDS))
    ]


def place_of(count: int, taken: int) -> tuple[int, int]:
    """Page and index of the next id of a strand of which `taken` were taken, oldest first."""
    return divmod(count - 1 - taken, PAGE_IDS)


def page_after(strands: Sequence[Strand], passed: int) -> tuple[int, int, int]:
    """Strand, page and index of the first id behind `passed` of all, in the order of the pages."""
    for number, strand in enumerate(strands):
        if passed < strand.count:
            return number, *divmod(passed, PAGE_IDS)
        passed -= strand.count
    raise IndexError(f"{passed} more were passed than there are")


def encode(plan: Plan) -> bytes:
    """The value of a plan's record."""
    milliseconds = {
        "made_at": to_milliseconds(plan.made_at),
        "acted_at": None if plan.acted_at is None else to_milliseconds(plan.acted_at),
    }
    fields = {name: getattr(plan, name) for name in Plan.__slots__ if name != "id"}
    return orjson.dumps(fields | milliseconds)


def decode(id: str, value: bytes) -> Plan:
    """What `encode` wrote."""
    found: dict[str, Any] = orjson.loads(value)
    found["made_at"] = from_milliseconds(found["made_at"])
    if found["acted_at"] is not None:
        found["acted_at"] = from_milliseconds(found["acted_at"])
    groups = tuple(GroupShare(**one) for one in found["breakdown"].pop("by_group"))
    found["breakdown"] = Breakdown(by_group=groups, **found["breakdown"])
    found["warnings"] = tuple(Caveat(**one) for one in found["warnings"])
    found["strands"] = tuple(Strand(**one) for one in found["strands"])
    if found["outcome"] is not None:
        found.setdefault("passed", found["breakdown"].count)  # was written at its end only
        found["outcome"] = Outcome(**found["outcome"])
    found["aim"] = Aim(**found.get("aim", {}))  # records of before it could be said have none
    return Plan(id=id, **found)
