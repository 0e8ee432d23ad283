"""How far a schedule has come, across restarts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sources.ping.mark import Mark, begin_mark, clock_behind, decode_mark, to_text

NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
HOUR = timedelta(hours=1)
MARK = Mark(NOW - HOUR, NOW - 24 * HOUR, "UTC 0 * * * * *")


def test_a_mark_is_read_as_it_was_written() -> None:
    assert decode_mark(MARK.encode()) == MARK


def test_a_new_source_begins_now_and_counts_from_a_whole_second() -> None:
    assert begin_mark(None, "a", NOW) == Mark(NOW, NOW.replace(microsecond=0), "a")


def test_the_same_schedule_goes_on_where_it_was() -> None:
    assert begin_mark(MARK, MARK.identity, NOW) is MARK


def test_another_schedule_begins_now_and_misses_nothing() -> None:
    assert begin_mark(MARK, "other", NOW) == Mark(NOW, NOW.replace(microsecond=0), "other")


def test_what_was_reached_is_never_lowered() -> None:
    ahead = replace(MARK, reached=NOW + HOUR)

    assert begin_mark(ahead, "other", NOW).reached == NOW + HOUR


def test_a_clock_is_behind_by_what_is_missing_to_the_mark() -> None:
    assert clock_behind(replace(MARK, reached=NOW + HOUR), NOW) == HOUR
    assert clock_behind(MARK, NOW) == timedelta()


def test_times_are_utc_with_a_z_and_a_fraction_only_where_there_is_one() -> None:
    assert to_text(NOW) == "2026-03-01T12:00:00.250000Z"
    assert to_text(NOW.replace(microsecond=0)) == "2026-03-01T12:00:00Z"
