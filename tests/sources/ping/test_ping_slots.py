"""The slots of a schedule, and which of them are fired."""

from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.ping.schedule import Every, read_schedule
from sources.ping.slots import COUNTED_MAX, MISSED_MAX, Due, Slots, due_slots, slots_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BEFORE_GAP = datetime(2026, 3, 28, 12, tzinfo=UTC)  # Berlin: 02:00 to 03:00 of the 29th
BEFORE_OVERLAP = datetime(2026, 10, 24, 12, tzinfo=UTC)  # 03:00 back to 02:00 of the 25th


def slots(text: str, timezone: str | None = None) -> Slots:
    return slots_of(read_schedule(text, timezone, ZoneInfo), NOON)


def coming(text: str, after: datetime, hours: int) -> list[str]:
    """Within so many hours, as Berlin's clocks show them, with the offset in hours."""
    until = after + timedelta(hours=hours)
    found = takewhile(lambda slot: slot <= until, slots(text, "Europe/Berlin").after(after))
    return [f"{slot.astimezone(ZoneInfo('Europe/Berlin')):%d %H:%M:%S %z}"[:15] for slot in found]


def test_a_local_time_that_the_clocks_skip_fires_at_the_first_instant_after() -> None:
    assert coming("30 2 * * *", BEFORE_GAP, 24) == ["29 03:00:00 +02"]


def test_two_local_times_in_one_gap_fire_once() -> None:
    assert coming("0,30 2,3 * * *", BEFORE_GAP, 24) == ["29 03:00:00 +02", "29 03:30:00 +02"]


def test_a_local_time_that_comes_twice_fires_the_first_time() -> None:
    assert coming("30 2 * * *", BEFORE_OVERLAP, 24) == ["25 02:30:00 +02"]


def test_with_seconds_a_local_time_counts_once_too() -> None:
    assert coming("15 30 2 * * *", BEFORE_OVERLAP, 24) == ["25 02:30:15 +02"]
    assert coming("15 30 2 * * *", BEFORE_GAP, 24) == ["29 03:00:15 +02"]


def test_what_begins_with_a_star_goes_by_what_the_clock_shows() -> None:
    assert coming("*/30 2 * * *", BEFORE_GAP, 24) == []
    assert coming("*/30 2 * * *", BEFORE_OVERLAP, 24) == [
        "25 02:00:00 +02", "25 02:30:00 +02", "25 02:00:00 +01", "25 02:30:00 +01",
    ]  # fmt: skip


def test_every_counts_elapsed_time_from_its_anchor() -> None:
    found = islice(slots_of(Every(timedelta(seconds=90)), NOON).after(NOON + MINUTE), 3)

    assert [(slot - NOON).total_seconds() for slot in found] == [90, 180, 270]


def test_every_has_no_slot_up_to_its_anchor() -> None:
    every = slots_of(Every(MINUTE), NOON)

    assert list(every.until(NOON)) == []
    assert next(every.after(NOON - 10 * MINUTE)) == NOON + MINUTE
    assert list(every.until(NOON + 2 * MINUTE)) == [NOON + 2 * MINUTE, NOON + MINUTE]


def test_a_slot_is_after_what_is_earlier_and_until_itself() -> None:
    minutely = slots("* * * * *")

    assert next(minutely.after(NOON)) == NOON + MINUTE
    assert next(minutely.until(NOON)) == NOON
    assert next(minutely.until(NOON - timedelta(microseconds=1))) == NOON - MINUTE


def test_a_weekday_or_a_day_is_enough_where_both_are_named() -> None:
    found = islice(slots("0 0 13 * 5").after(NOON), 3)

    assert [f"{slot:%a %d}" for slot in found] == ["Fri 06", "Fri 13", "Fri 20"]


ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Antarctica/Troll"]
SCHEDULES = [
    "30 2 * * *", "0,30 1-3 * * *", "*/20 * * * *", "0 */2 * * *", "*/7 2 * * *", "0 3 L * *",
    "*/25 30 2 * * *", "5 * * * 0",
]  # fmt: skip


@given(
    st.sampled_from(ZONES),
    st.sampled_from(SCHEDULES),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 20)),
)
def test_slots_are_the_same_forward_and_back(zone: str, text: str, begin: datetime) -> None:
    begin = begin.replace(tzinfo=UTC)
    end = begin + timedelta(days=2)

    forward = list(takewhile(lambda slot: slot <= end, slots(text, zone).after(begin)))
    back = list(takewhile(lambda slot: slot > begin, slots(text, zone).until(end)))

    assert forward == back[::-1]
    assert forward == sorted(set(forward))


def minutes(*numbers: int) -> tuple[datetime, ...]:
    return tuple(NOON + number * MINUTE for number in numbers)


@pytest.mark.parametrize(
    ("catch_up", "fired"), [("none", ()), ("last", minutes(5)), ("all", minutes(1, 2, 3, 4, 5))]
)
def test_catching_up_says_what_becomes_of_missed_slots(catch_up, fired) -> None:  # type: ignore[no-untyped-def]
    due = due_slots(slots("* * * * *"), NOON, NOON + 5.5 * MINUTE, catch_up, 0.0)

    assert due == Due(fired, NOON + 5 * MINUTE)


def test_what_is_only_late_is_fired_and_nothing_older_then() -> None:
    now = NOON + 5 * MINUTE + timedelta(seconds=1)

    for catch_up in ("none", "last"):
        due = due_slots(slots("* * * * *"), NOON, now, catch_up, 10.0)

        assert due.fire == minutes(5)


def test_before_the_next_slot_nothing_is_due() -> None:
    assert due_slots(slots("* * * * *"), NOON, NOON + MINUTE / 2, "all", 10.0) == Due()


def test_a_clock_that_is_behind_what_was_reached_makes_nothing_due() -> None:
    assert due_slots(slots("* * * * *"), NOON, NOON - 5 * MINUTE, "all", 10.0) == Due()


def test_no_more_than_the_latest_thousand_are_caught_up_with() -> None:
    now = NOON + 1_500 * MINUTE

    due = due_slots(slots("* * * * *"), NOON, now, "all", 0.0)

    assert due.fire == minutes(*range(501, 1_501))
    assert (len(due.fire), due.left_out) == (MISSED_MAX, 500)


def test_after_ten_years_counting_those_left_out_ends_too() -> None:
    due = due_slots(slots("* * * * *"), NOON, NOON + timedelta(days=3_650), "all", 0.0)

    assert (len(due.fire), due.left_out) == (MISSED_MAX, COUNTED_MAX)
