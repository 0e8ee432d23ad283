"""Weights of a sink's variants, set by operators: numbered sets that are never changed. Pure.

Set 1 is what the configuration says. A configuration with other weights is a new set, and the
one in force: an operator's sets last until then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from broker.errors import Conflict, Invalid

SETS_KEPT = 50  # the oldest go first; numbers go on
WEIGHT_MAX = 1_000_000
CONFIGURATION = "configuration"  # who has set what was written in YAML

Weights = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class WeightSet:
    """`restores` is the number of the set that this one applies again, None for a new one."""

    number: int
    weights: Weights
    at: datetime  # aware UTC
    by: str
    reason: str = ""
    restores: int | None = None

    @property
    def origin(self) -> int:
        """The number of the set that first had these weights."""
        return self.restores or self.number


@dataclass(frozen=True, slots=True)
class History:
    """All sets of one sink, the one in force last; never empty. `written` is the latest YAML."""

    written: Weights
    sets: tuple[WeightSet, ...]

    @property
    def now(self) -> WeightSet:
        return self.sets[-1]

    def configured(self, written: Weights, at: datetime) -> "History":
        """As it goes on under a configuration: unchanged, unless that has other weights."""
        if written == self.written:
            return self
        added = WeightSet(self.now.number + 1, dict(written), at, CONFIGURATION)
        return self._with(replace(self, written=dict(written)), added)

    def weighted(self, changes: Weights, at: datetime, by: str, reason: str) -> "History":
        """With some weights changed. Raises Invalid for one that cannot be."""
        check(changes, self.now.weights)
        weights = {**self.now.weights, **changes}
        if not any(weights.values()):
            raise Invalid(
                "all weights would be 0",
                code="bad-weights",
                where="weights",
                remedy="leave one variant a weight above 0: events must go somewhere",
            )
        return self._with(self, WeightSet(self.now.number + 1, weights, at, by, reason))

    def rolled_back(self, at: datetime, by: str, reason: str) -> "History":
        """With the set before the one in force; a second time with the one before that.

        Raises Conflict where there is none, or where it names other variants than there are.
        """
        numbers = [one.number for one in self.sets]
        present = self.now.origin
        place = numbers.index(present) if present in numbers else 0
        if place == 0:
            raise Conflict(
                "there are no weights before these",
                code="no-earlier-weights",
                remedy="set them: headrace sinks weight NAME VARIANT=WEIGHT",
            )
        found = self.sets[place - 1]
        if found.weights.keys() != self.written.keys():
            raise Conflict(
                f"set {found.number} was for other variants: {', '.join(found.weights)}",
                code="other-variants",
                remedy="set the weights of those that there are",
            )
        added = WeightSet(self.now.number + 1, found.weights, at, by, reason, found.origin)
        return self._with(self, added)

    def _with(self, history: "History", added: WeightSet) -> "History":
        return replace(history, sets=(*history.sets, added)[-SETS_KEPT:])


def first(written: Weights, at: datetime) -> History:
    """Of a sink whose weights nobody has set yet."""
    return History(dict(written), (WeightSet(1, dict(written), at, CONFIGURATION),))


def check(changes: Weights, known: Weights) -> None:
    """Raises Invalid for a variant that is none, or a weight that is none."""
    for name, weight in changes.items():
        if name not in known:
            raise Invalid(
                f"there is no variant {name[:64]!r}",
                code="unknown-variant",
                where="weights",
                remedy=f"name one of: {', '.join(known)}" if known else "give spec.variants",
            )
        if not 0 <= weight <= WEIGHT_MAX:
            raise Invalid(
                f"{weight} is no weight of {name}",
                code="bad-weights",
                where="weights",
                remedy=f"write a whole number from 0 to {WEIGHT_MAX:,}",
            )


def to_bytes(history: History) -> bytes:
    sets = [
        {
            "number": one.number,
            "weights": dict(one.weights),
            "at": one.at,
            "by": one.by,
            "reason": one.reason,
            "restores": one.restores,
        }
        for one in history.sets
    ]
    return orjson.dumps({"written": dict(history.written), "sets": sets})


def of_bytes(value: bytes) -> History:
    """What `to_bytes` wrote."""
    found: dict[str, Any] = orjson.loads(value)
    sets: Sequence[dict[str, Any]] = found["sets"]
    return History(
        found["written"],
        tuple(WeightSet(**{**one, "at": datetime.fromisoformat(one["at"])}) for one in sets),
    )
