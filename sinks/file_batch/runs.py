"""Runs of raw records, as a cutter gives them, gathered into chunks. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sinks.file_batch.record import CHUNK_BYTES_MAX, CHUNK_RECORDS, SHOWN_BYTES_MAX, BadRecord, Mark


@dataclass(slots=True)
class Run:
    """Records one after the other: where each begins, its bytes, and where the next may begin.

    `broken` says by offset why a record could not be cut; of those `raws` has the beginning.
    """

    offsets: list[int] = field(default_factory=list)
    raws: list[bytes] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    broken: dict[int, str] = field(default_factory=dict)

    def add(self, other: "Run") -> None:
        self.offsets += other.offsets
        self.raws += other.raws
        self.ends += other.ends
        self.broken |= other.broken

    def take(self, count: int) -> "Run":
        """The first `count`; they are then gone from here."""
        taken = Run(self.offsets[:count], self.raws[:count], self.ends[:count])
        if self.broken:
            last = taken.offsets[-1]
            taken.broken = {at: why for at, why in self.broken.items() if at <= last}
            self.broken = {at: why for at, why in self.broken.items() if at > last}
        del self.offsets[:count], self.raws[:count], self.ends[:count]
        return taken


class RawChunk(NamedTuple):
    start: Mark
    end: Mark
    offsets: list[int]
    raws: list[bytes]
    broken: Mapping[int, str]


class Sifted:
    """The records of a chunk that are still sound, and what was bad; all lists equally long."""

    def __init__(self, chunk: RawChunk) -> None:
        self.rows: Sequence[int] = range(chunk.start.row + 1, chunk.end.row + 1)
        self.offsets: Sequence[int] = chunk.offsets
        self.raws: Sequence[bytes] = chunk.raws
        self.bad: list[BadRecord] = []
        if chunk.broken:
            broken = {at: chunk.broken.get(offset) for at, offset in enumerate(chunk.offsets)}
            self.drop({at: why for at, why in broken.items() if why})

    def drop(self, bad: Mapping[int, str]) -> None:
        """Take out those that `bad` names by their index."""
        if not bad:
            return
        self.bad += [
            BadRecord(self.rows[at], self.offsets[at], why, self.raws[at][:SHOWN_BYTES_MAX])
            for at, why in bad.items()
        ]
        kept = [at for at in range(len(self.raws)) if at not in bad]
        self.rows = [self.rows[at] for at in kept]
        self.offsets = [self.offsets[at] for at in kept]
        self.raws = [self.raws[at] for at in kept]


def gathered(runs: Iterable[Run], start: Mark) -> Iterator[RawChunk]:
    """CHUNK_RECORDS at a time, fewer where they would be more than CHUNK_BYTES_MAX.

    Borders depend on `start` and on what lies behind it, not on how the runs were divided.
    """
    waiting = Run()
    for run in runs:
        waiting.add(run)
        # Of what is no whole chunk the next run may have the rest, however large it is by now.
        while (count := _fitting(waiting, start.position)) < len(waiting.raws) or (
            count == CHUNK_RECORDS
        ):
            chunk = _chunk(waiting.take(count), start)
            yield chunk
            start = chunk.end
    if waiting.raws:
        yield _chunk(waiting, start)


def _fitting(run: Run, position: int) -> int:
    """How many of the first records a chunk that begins at `position` takes; 0 of none."""
    count = min(len(run.raws), CHUNK_RECORDS)
    if count and run.ends[count - 1] - position > CHUNK_BYTES_MAX:
        return max(1, bisect_right(run.ends, position + CHUNK_BYTES_MAX, 0, count))
    return count


def _chunk(run: Run, start: Mark) -> RawChunk:
    end = Mark(start.number + 1, run.ends[-1], start.row + len(run.raws))
    return RawChunk(start, end, run.offsets, run.raws, run.broken)
