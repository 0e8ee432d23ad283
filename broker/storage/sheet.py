"""Many dead letters in few values: where each belongs, and what they come to. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from broker.clock import to_milliseconds
from broker.storage.desk import Outline

Placed = tuple[int, str]  # offset, id


@dataclass(frozen=True, slots=True)
class Share:
    """Those of a sheet with one trigger, reason and group, and of one age.

    `age` is how many of the times that were asked about came after they died.
    """

    trigger: str
    reason: str
    group: str
    age: int
    count: int
    size_bytes: int
    redriven: int  # of them, before


@dataclass(frozen=True, slots=True)
class Sheet:
    """`placed` is by trigger, newest dead first; `next` goes on behind them, None at the end."""

    placed: Mapping[str, Sequence[Placed]]
    shares: Sequence[Share]
    next: str | None

    @property
    def count(self) -> int:
        return sum(share.count for share in self.shares)


def sheet_of(outlines: Iterable[Outline], since: Sequence[datetime], next: str | None) -> Sheet:
    """The sheet of `outlines`, which come newest dead first."""
    borders_ms = [to_milliseconds(moment) for moment in since]
    placed: dict[str, list[Placed]] = {}
    counts, sizes, redriven = Counter[Key](), Counter[Key](), Counter[Key]()
    for one in outlines:
        placed.setdefault(one.trigger, []).append((one.offset, one.id))
        dead_ms = to_milliseconds(one.dead_at)
        key = (one.trigger, one.reason, one.group, sum(dead_ms < border for border in borders_ms))
        counts[key] += 1
        sizes[key] += one.size_bytes
        redriven[key] += one.redrives > 0
    shares = [Share(*key, count, sizes[key], redriven[key]) for key, count in counts.items()]
    return Sheet(placed, shares, next)


Key = tuple[str, str, str, int]
