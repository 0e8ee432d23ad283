"""Rows in memory are those on disk, as they were last written, and never too many."""

from dataclasses import replace

from broker.storage.rows import Checkpoint, DeadState, Move, ParkedRow
from tests.contracts.store import at, parked
from triggers.kept import BYTES_MAX, ROWS_MAX, Kept, bytes_of


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


def large(offset: int) -> ParkedRow:
    return parked(offset, data=bytes(1 << 20))


def test_the_oldest_rows_are_forgotten_at_the_bound_of_bytes_too() -> None:
    kept = Kept()
    fitting = BYTES_MAX // bytes_of(large(1))

    kept.note(Checkpoint(parked=tuple(large(offset) for offset in range(1, fitting + 1))))
    at_the_bound = len(kept.rows)
    kept.note(Checkpoint(parked=(large(fitting + 1),)))

    assert at_the_bound == fitting
    assert [place.offset for place in kept.rows] == list(range(2, fitting + 2))


def test_a_row_that_is_forgotten_gives_its_bytes_back() -> None:
    kept = Kept()
    fitting = BYTES_MAX // bytes_of(large(1))
    rows = [large(offset) for offset in range(1, fitting + 1)]
    kept.note(Checkpoint(parked=tuple(rows)))

    kept.note(Checkpoint(unparked=tuple(row.place for row in rows[1:])))
    kept.note(Checkpoint(parked=tuple(rows[1:])))

    assert [place.offset for place in kept.rows] == list(range(1, fitting + 1))


def test_what_a_sink_answered_counts_as_bytes() -> None:
    answered = parked(1)
    silent = replace(answered, attempts=())

    assert bytes_of(answered) - bytes_of(silent) == len("no" + "no" + "other")
