"""Rows in memory are those on disk, as they were last written, and never too many."""

from broker.storage.rows import Checkpoint, DeadState, Move, ParkedRow
from tests.contracts.store import at, parked
from triggers.kept import ROWS_MAX, Kept


def row(offset: int, seconds: float = 1.0) -> ParkedRow:
    return parked(offset, seconds)


def test_the_row_written_last_is_kept() -> None:
    kept = Kept()

    kept.note(Checkpoint(parked=(row(1), row(2))))
    kept.note(Checkpoint(parked=(row(1, 9.0),), unparked=(row(2).place,)))

    assert [(place.offset, row.due_at) for place, row in kept.rows.items()] == [(1, at(9.0))]


def test_a_row_that_a_redrive_may_have_replaced_is_forgotten() -> None:
    kept = Kept()
    kept.note(Checkpoint(parked=(row(1),)))

    move = Move("a", (DeadState.DEAD,), DeadState.REDRIVING, at(0), "local", parked=row(1, 5.0))
    kept.note(Checkpoint(moves=(move,)))

    assert not kept.rows


def test_the_oldest_rows_are_forgotten_at_the_bound() -> None:
    kept = Kept()

    kept.note(Checkpoint(parked=tuple(row(offset) for offset in range(1, ROWS_MAX + 11))))

    assert len(kept.rows) == ROWS_MAX
    assert min(place.offset for place in kept.rows) == 11
