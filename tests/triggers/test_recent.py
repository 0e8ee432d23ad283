"""The latest events in memory: contiguous, bounded, and never a gap."""

from datetime import UTC, datetime

import pytest

from broker.event import Event, StoredEvent
from triggers.recent import BYTES_MAX, EVENTS_MAX, Recent

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def stored(first: int, last: int, data: bytes = b"") -> list[StoredEvent]:
    event = Event({"id": "1", "source": "/s", "type": "t"}, data, b"")
    return [StoredEvent(offset, event, NOW) for offset in range(first, last + 1)]


def offsets(recent: Recent, after: int, limit: int = 10) -> list[int]:
    return [one.offset for one in recent.after(after, limit)]


@pytest.fixture
def recent() -> Recent:
    return Recent()


def test_it_gives_what_follows_an_offset_within_the_window(recent: Recent) -> None:
    recent.add(stored(5, 7))
    recent.add(stored(8, 9))

    assert offsets(recent, 4) == [5, 6, 7, 8, 9]
    assert offsets(recent, 6, limit=2) == [7, 8]
    assert offsets(recent, 9) == []


def test_before_the_window_it_gives_nothing_rather_than_a_gap(recent: Recent) -> None:
    recent.add(stored(5, 7))

    assert offsets(recent, 3) == []


def test_a_gap_between_groups_begins_the_window_anew(recent: Recent) -> None:
    recent.add(stored(1, 3))
    recent.add(stored(7, 8))

    assert offsets(recent, 2) == []
    assert offsets(recent, 6) == [7, 8]


def test_at_the_bound_of_events_the_oldest_are_forgotten(recent: Recent) -> None:
    recent.add(stored(1, EVENTS_MAX + 1))

    assert offsets(recent, 0) == []
    assert len(recent.after(EVENTS_MAX // 2 + 1, EVENTS_MAX)) == EVENTS_MAX // 2


def test_at_the_bound_of_bytes_the_oldest_are_forgotten(recent: Recent) -> None:
    recent.add(stored(1, 5, b"x" * (BYTES_MAX // 4)))

    assert offsets(recent, 2) == []
    assert offsets(recent, 3) == [4, 5]
