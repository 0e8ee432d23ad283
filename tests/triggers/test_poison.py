"""Who is suspected: from times of unclean ends, and from what was tried and never ended."""

from datetime import UTC, datetime, timedelta

import pytest

from broker.storage.rows import Record
from tests.triggers.workshop import stored_range
from triggers.poison import Suspects, events_key, is_suspicious, place_key

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = place_key("deliver", 7, "default/t")


def as_stored(*records: Record) -> Suspects:
    """What another process finds."""
    return Suspects((record.key, record.value, 1) for record in records if record.value is not None)


@pytest.mark.parametrize(
    ("seconds_ago", "suspicious"),
    [
        ((), False),
        ((0,), False),
        ((59, 0), True),
        ((61, 0), False),
        ((3600, 61, 30), False),
        ((3600, 30, 20), True),
        ((10, -3600), False),
        ((10, -20), True),  # the clock was set back in between
    ],
)
def test_two_unclean_ends_within_a_minute_are_suspicious(
    seconds_ago: tuple[int, ...], suspicious: bool
) -> None:
    ends = [NOW - timedelta(seconds=seconds) for seconds in seconds_ago]

    assert is_suspicious(ends, NOW) is suspicious


def test_a_trial_counts_before_it_ends() -> None:
    record = Suspects().begin(KEY)

    assert record == Record("poison/deliver/7/default/t", b"1")
    assert as_stored(record).ends(KEY) == 1


def test_the_third_end_alone_makes_it_poison() -> None:
    verdicts = []
    record = Record(KEY, b"0")
    for _ in range(3):
        record = as_stored(record).begin(KEY)
        verdicts.append(as_stored(record).is_poison(KEY))

    assert verdicts == [False, False, True]


def test_what_survives_its_trial_is_innocent_and_leaves_no_record() -> None:
    suspects = as_stored(Record(KEY, b"2"))

    record = suspects.survived(KEY)

    assert record == Record(KEY, None)
    assert suspects.ends(KEY) == 0


def test_others_keep_their_ends_when_one_survives() -> None:
    suspects = as_stored(Record(KEY, b"2"), Record(place_key("deliver", 8, "default/t"), b"1"))

    suspects.survived(place_key("deliver", 8, "default/t"))

    assert suspects.ends(KEY) == 2


def test_a_page_without_suspects_is_routed_whole() -> None:
    page = stored_range(1, 9)

    assert Suspects().runs(page) == [page]


def test_a_suspected_range_is_routed_event_by_event() -> None:
    suspects = as_stored(Record(events_key(4, 6), b"1"))

    runs = suspects.runs(stored_range(1, 9))

    assert [[one.offset for one in run] for run in runs] == [[1, 2, 3], [4], [5], [6], [7, 8, 9]]


def test_ranges_that_were_passed_are_innocent_and_later_ones_are_not() -> None:
    suspects = as_stored(Record(events_key(1, 3), b"1"), Record(events_key(4, 6), b"1"))

    records = suspects.passed(5)

    assert records == [Record(events_key(1, 3), None)]
    assert len(suspects.runs(stored_range(1, 6))) == 4


def test_in_the_end_every_record_goes() -> None:
    suspects = as_stored(Record(KEY, b"2"), Record(events_key(1, 3), b"1"))

    records = suspects.clear()

    assert {record.key for record in records} == {KEY, events_key(1, 3)}
    assert all(record.value is None for record in records)
    assert not suspects
