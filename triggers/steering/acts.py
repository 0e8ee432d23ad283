"""What an act of steering came to; each is also in the audit of its partition."""

from dataclasses import dataclass
from typing import Literal

How = Literal["dead-letter", "discard"]


@dataclass(frozen=True, slots=True)
class Applied:
    """Names of triggers, each in one of these; empty ones mean that nothing was left to do.

    `removed` had nothing open and are gone; `removing` finish what they have. Calls that
    were under way when a sink was changed end within `settle_seconds`: only then may it be
    closed (0.0: none were).
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removing: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    settle_seconds: float = 0.0

    @property
    def count(self) -> int:
        return len(self.added) + len(self.changed) + len(self.removing) + len(self.removed)


@dataclass(frozen=True, slots=True)
class Sought:
    """`position` is the offset that is delivered next.

    `is_clamped`: another was asked for, and this is the oldest one kept or the one that will
    be stored next. `skipped` events matched and are discarded. `revision` is the new one;
    where `is_changed` is false the trigger stood there already, and it is the present one.
    """

    position: int
    skipped: int
    is_clamped: bool
    is_changed: bool
    revision: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How many deliveries of a removed trigger went to the desk, or were discarded."""

    count: int
    how: How
