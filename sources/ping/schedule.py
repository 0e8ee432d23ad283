"""What a schedule says, read once: a cron expression, or a period. Pure; asks for no time.

Fields as in Vixie cron: minute, hour, day of month, month, day of week; a sixth one in front
is the second. Ranges, lists, steps, names, 7 for Sunday, `?` for `*`; besides `L` (last day of
the month), `LW` (its last weekday), `5L` (its last Friday), `5#3` (its third one). Where neither
day field begins with `*`, one of the two is enough.

Where clocks change: a schedule that names its minute and hour fires once for each local time. One
that the clocks skip fires at the first instant after the gap (two in one gap: once), one that
comes twice fires the first time. Where the minute or the hour begins with `*`, it goes by what the
clock shows: nothing for an hour that is skipped, twice for one that is repeated. `@every` counts
elapsed time and knows of no clock changes.
Sources: crontab(5) of Debian, robfig/cron v3 for `@every`, `CRON_TZ=` and the names with @.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from cronsim import CronSim, CronSimError

from broker.errors import Invalid
from sources.ping.duration import period_of

ZoneOf = Callable[[str], tzinfo]
SHORTHANDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_ZONE_PREFIXES = ("CRON_TZ=", "TZ=")
_FIELDS = ("second", "minute", "hour", "day of month", "month", "day of week")
_ANY_TIME = datetime(2024, 1, 1, tzinfo=UTC)  # a leap year comes first: any day is soon there


@dataclass(frozen=True, slots=True)
class Cron:
    """`fields` are five, without the second; `seconds` ascend. `zone_name` is as written."""

    fields: str
    seconds: tuple[int, ...]
    zone: tzinfo
    zone_name: str

    @property
    def is_by_local_time(self) -> bool:
        """Names its minute and hour, so that each local time counts once."""
        minute, hour, *_ = self.fields.split()
        return not minute.startswith("*") and not hour.startswith("*")

    @property
    def identity(self) -> str:
        """Differs between any two schedules that may have different slots."""
        return f"{self.zone_name} {','.join(map(str, self.seconds))} {self.fields}"

    @property
    def shown(self) -> str:
        """For people: five fields, or six where seconds play a part."""
        if self.seconds == (0,):
            return f"{self.fields} ({self.zone_name})"
        is_each = self.seconds == tuple(range(60))
        seconds = "*" if is_each else ",".join(map(str, self.seconds))
        return f"{seconds} {self.fields} ({self.zone_name})"


@dataclass(frozen=True, slots=True)
class Every:
    """Slots at equal distances from the first start of the source."""

    period: timedelta

    @property
    def identity(self) -> str:
        return f"@every {self.period / timedelta(seconds=1):f}s"

    @property
    def shown(self) -> str:
        """For people."""
        return f"@every {self.period / timedelta(seconds=1):g}s"


Schedule = Cron | Every


def read_schedule(text: str, timezone: str | None, zone_of: ZoneOf) -> Schedule:
    """The schedule of `text`, in `timezone` or the zone it begins with, else in UTC.

    `zone_of` finds a zone by its name, and its Invalid passes through. Raises
    Invalid(code="invalid-schedule"), whose text continues a sentence on the schedule, for what
    cannot be read and for what would never fire.
    """
    own_zone, text = split_zone(text)
    if own_zone is not None and timezone is not None:
        raise _invalid("names a time zone, and so does timezone", "remove one of the two")
    if text.startswith("@every "):
        return Every(period_of(text.removeprefix("@every ").strip()))
    zone_name = own_zone or timezone or "UTC"
    zone = UTC if zone_name == "UTC" else zone_of(zone_name)
    return _cron(SHORTHANDS.get(text.lower(), text), zone, zone_name)


def split_zone(text: str) -> tuple[str | None, str]:
    """The zone that `text` begins with, if any, and the rest."""
    text = text.strip()
    for prefix in _ZONE_PREFIXES:
        if text.startswith(prefix):
            zone, _, rest = text.removeprefix(prefix).partition(" ")
            return zone, rest.strip()
    return None, text


def _cron(text: str, zone: tzinfo, zone_name: str) -> Cron:
    if text.startswith("@"):
        known = ", ".join(SHORTHANDS)
        raise _invalid("is none of the known names", f"write {known}, or @every 90s")
    parts = ["*" if part == "?" else part for part in text.upper().split()]
    if len(parts) not in (5, 6):
        remedy = "write minute hour day-of-month month day-of-week, such as */5 * * * *"
        raise _invalid(f"has {len(parts)} fields", remedy)
    second, *others = parts if len(parts) == 6 else ["0", *parts]
    _judge_fields(second, others)
    fields = " ".join(others)
    seconds = tuple(sorted(CronSim(f"{second} {fields}", _ANY_TIME).seconds))
    if next(CronSim(fields, _ANY_TIME), None) is None:
        raise _never()
    return Cron(fields, seconds, zone, zone_name)


def _judge_fields(second: str, others: list[str]) -> None:
    """Each by itself, so that the one which is wrong can be named; then all together."""
    for index, part in enumerate((second, *others)):
        alone = ["*"] * 6
        alone[index] = part
        try:
            CronSim(" ".join(alone), _ANY_TIME)
        except (CronSimError, AssertionError, TypeError) as error:
            raise _invalid(
                f"has a bad {_FIELDS[index]}",
                "write numbers or names, with , - and / between; W and L-3 are not known",
            ) from error
    try:
        CronSim(" ".join(others), _ANY_TIME)
    except CronSimError as error:
        raise _never() from error


def _never() -> Invalid:
    return _invalid(
        "never fires: no month has such a day", "mend the day of month, the month or the weekday"
    )


def _invalid(what: str, remedy: str) -> Invalid:
    return Invalid(what, code="invalid-schedule", remedy=remedy)
