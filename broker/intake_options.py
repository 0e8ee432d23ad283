"""A broker's limits at its door, and what was counted there."""

from dataclasses import dataclass, field

from broker.codec import Limits
from broker.errors import HeadraceError


@dataclass(frozen=True, slots=True)
class IntakeOptions:
    """A broker's limits at its door, with their defaults."""

    limits: Limits = field(default_factory=Limits)
    hops_max: int = 16
    dedupe_window_seconds: float = 600.0
    dedupe_keys_max: int = 250_000
    waiting_events_max: int = 2_000  # not yet committed; beyond: Overloaded
    waiting_bytes_max: int = 64 * 1024 * 1024
    answer_seconds: float = 1.75  # with a sweep on top: 2 s until an honest refusal
    publish_rate_per_second: float | None = None  # events; beyond: Overloaded("rate-limited")
    sweep_seconds: float = 0.25


class IntakeCounts:
    """Plain counters, read when somebody scrapes."""

    __slots__ = ("accepted", "accepted_bytes", "duplicates", "refused")

    def __init__(self) -> None:
        self.accepted = 0
        self.accepted_bytes = 0
        self.duplicates = 0
        self.refused: dict[str, int] = {}  # by error code

    def refuse(self, error: HeadraceError) -> None:
        self.refused[error.code] = self.refused.get(error.code, 0) + 1
