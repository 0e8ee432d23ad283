"""Triggers that the store knows and the configuration no longer names."""

from typing import Any

from broker.storage.rows import Cursor, Loaded, ParkedSummary, Revision, WaitingRow
from tests.scenarios.house import BEGINNING
from triggers.leftover import Leftover, leftovers
from triggers.revisions import REMOVED_SPEC, Revisions

T = "default/t"
BEGUN = Revision(T, 1, 1, b"spec", BEGINNING)
REMOVED = Revision(T, 2, 51, REMOVED_SPEC, BEGINNING)


def found(*revisions: Revision, configured: tuple[str, ...] = (), **facts: Any) -> list[Leftover]:
    state: dict[str, Any] = {"routed": 100, "last_offset": 100, "first_offset": 1}
    loaded = Loaded(log_id="0", owner_epoch=1, stored_at=BEGINNING, **state | facts)
    return list(leftovers(loaded, Revisions(revisions), configured))


def test_one_that_is_configured_is_no_leftover() -> None:
    assert found(BEGUN, configured=(T,)) == []


def test_one_with_nothing_to_do_is_not_open() -> None:
    assert found(BEGUN) == [Leftover(T, b"spec", is_open=False, is_removed=False)]


def test_events_that_routing_has_not_reached_keep_it_open() -> None:
    assert found(BEGUN, routed=90) == [Leftover(T, b"spec", is_open=True, is_removed=False)]


def test_rows_keep_it_open_those_for_its_dead_letter_sink_too() -> None:
    cursor = found(BEGUN, cursors={T: Cursor(T, 4)})
    parked = found(BEGUN, parked={T: ParkedSummary(1, BEGINNING)})
    waiting = found(BEGUN, waiting=(WaitingRow(T, 4, "k"),))
    copies = found(BEGUN, parked={f"{T}#dead-letter": ParkedSummary(1, BEGINNING)})

    assert [one.is_open for (one,) in (cursor, parked, waiting, copies)] == [True] * 4


def test_a_removed_one_is_there_until_it_has_passed_its_last_event() -> None:
    behind = found(BEGUN, REMOVED, routed=49)
    parked = found(BEGUN, REMOVED, parked={T: ParkedSummary(1, BEGINNING)})
    through = found(BEGUN, REMOVED, routed=50)

    assert behind == parked == [Leftover(T, b"spec", is_open=True, is_removed=True)]
    assert through == []
