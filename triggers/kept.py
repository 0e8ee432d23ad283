"""Parked rows as they were last written, in memory: most come back within seconds.

To read one from the store again costs more than the attempt that it waits for.
"""

from collections.abc import Mapping

from broker.storage.rows import Checkpoint, ParkedRow, Place

ROWS_MAX = 4096
BYTES_MAX = 16 * 1024 * 1024


class Kept:
    """The latest rows, bounded by number and by the bytes of events and answers."""

    def __init__(self) -> None:
        self._rows: dict[Place, ParkedRow] = {}
        self._bytes = 0

    @property
    def rows(self) -> Mapping[Place, ParkedRow]:
        """What may be taken instead of reading it; readers on other threads may look."""
        return self._rows

    def note(self, checkpoint: Checkpoint) -> None:
        """`checkpoint` is on disk."""
        for place in checkpoint.unparked:
            self._forget(place)
        for move in checkpoint.moves:
            if move.parked is not None:  # whether it was made, only the store knows
                self._forget(move.parked.place)
        for row in checkpoint.parked:
            self._forget(row.place)
            self._rows[row.place] = row
            self._bytes += bytes_of(row)
        while len(self._rows) > ROWS_MAX or self._bytes > BYTES_MAX:
            self._forget(next(iter(self._rows)))

    def _forget(self, place: Place) -> None:
        row = self._rows.pop(place, None)
        if row is not None:
            self._bytes -= bytes_of(row)


def bytes_of(row: ParkedRow) -> int:
    """What holds on to memory: the event, and what the sink answered to each attempt."""
    return row.event.size_bytes + sum(len(attempt.body) for attempt in row.attempts)
