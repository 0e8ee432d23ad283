"""What a schedule says."""

from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest

from broker.errors import Invalid
from sources.ping.schedule import Cron, Every, read_schedule


def read(text: str, timezone: str | None = None) -> Cron | Every:
    return read_schedule(text, timezone, ZoneInfo)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("@hourly", "0 * * * *"),
        ("@Daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
    ],
)
def test_a_name_stands_for_its_fields(text: str, fields: str) -> None:
    assert read(text) == Cron(fields, (0,), UTC, "UTC")


def test_every_has_a_period() -> None:
    assert read("@every 1m30s") == Every(timedelta(seconds=90))


def test_a_question_mark_is_a_star() -> None:
    assert read("5 4 ? * mon-fri") == Cron("5 4 * * MON-FRI", (0,), UTC, "UTC")


def test_a_sixth_field_in_front_is_the_second() -> None:
    assert read("*/20 * * * * *") == Cron("* * * * *", (0, 20, 40), UTC, "UTC")


@pytest.mark.parametrize("prefix", ["CRON_TZ=", "TZ="])
def test_a_schedule_may_begin_with_its_zone(prefix: str) -> None:
    berlin = ZoneInfo("Europe/Berlin")

    found = read(f"{prefix}Europe/Berlin  0 9 * * *")

    assert found == Cron("0 9 * * *", (0,), berlin, "Europe/Berlin")


def test_a_zone_may_stand_beside_a_schedule() -> None:
    assert read("@daily", "Asia/Tokyo") == read("CRON_TZ=Asia/Tokyo 0 0 * * *")


def test_two_zones_are_refused() -> None:
    with pytest.raises(Invalid, match="so does timezone") as caught:
        read("CRON_TZ=Asia/Tokyo @daily", "Asia/Tokyo")

    assert caught.value.remedy == "remove one of the two"


@pytest.mark.parametrize("text", ["0 0 30 2 *", "0 0 31 4,6 ?", "0 0 */31 2 MON#5", "5 0 0 31 2 *"])
def test_what_can_never_fire_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="never fires"):
        read(text)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("60 * * * *", "a bad minute"),
        ("* 24 * * *", "a bad hour"),
        ("* * 0 * *", "a bad day of month"),
        ("0 0 15W * *", "a bad day of month"),
        ("0 0 L-3 * *", "a bad day of month"),
        ("* * * 13 *", "a bad month"),
        ("* * * * 8", "a bad day of week"),
        ("61 * * * * *", "a bad second"),
        ("*/0 * * * *", "a bad minute"),
        ("* * * *", "4 fields"),
        ("", "0 fields"),
        ("@reboot", "none of the known names"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_field(text: str, what: str) -> None:
    with pytest.raises(Invalid, match=what) as caught:
        read(text)

    assert caught.value.code == "invalid-schedule"
    assert caught.value.remedy


@pytest.mark.parametrize(
    "other", ["CRON_TZ=Asia/Tokyo 0 9 * * *", "0 10 * * *", "5 0 9 * * *", "@every 1h"]
)
def test_schedules_with_other_slots_have_another_identity(other: str) -> None:
    assert read(other).identity != read("0 9 * * *").identity


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("30 2 * * *", "30 2 * * * (Europe/Berlin)"),
        ("* * * * * *", "* * * * * * (Europe/Berlin)"),
        ("*/30 * * * * *", "0,30 * * * * * (Europe/Berlin)"),
        ("@every 90s", "@every 90s"),
    ],
)
def test_people_read_it_as_it_was_written(written: str, shown: str) -> None:
    zone = None if written.startswith("@") else "Europe/Berlin"

    assert read_schedule(written, zone, ZoneInfo).shown == shown
