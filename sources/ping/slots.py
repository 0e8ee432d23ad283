"""The slots of a schedule before and after a moment, and which of them are to be fired. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from cronsim import CronSim

from sources.ping.schedule import Cron, Every, Schedule

CatchUp = Literal["none", "last", "all"]
MISSED_MAX = 1_000  # are fired with `all`: the latest ones
COUNTED_MAX = 10_000  # of those left out; beyond, it is only said that there were more
# Where clocks go back, cronsim reads the second of two equal times as the first one: a walk to
# earlier slots begins later, by more than clocks go back anywhere, so that it passes both.
_CHANGE_MAX = timedelta(hours=3)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)


class Slots(Protocol):
    """Moments in aware UTC."""

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Slots later than `moment`, ascending; ends where there will never be another."""
        ...

    def until(self, moment: datetime) -> Iterator[datetime]:
        """Slots up to `moment`, itself among them, the latest first."""
        ...


def slots_of(schedule: Schedule, anchor: datetime) -> Slots:
    """`anchor` is what `@every` counts from."""
    if isinstance(schedule, Every):
        return EverySlots(schedule.period, anchor)
    return CronSlots(schedule)


@dataclass(frozen=True, slots=True)
class EverySlots:
    """The anchor itself is no slot."""

    period: timedelta
    anchor: datetime

    def after(self, moment: datetime) -> Iterator[datetime]:
        number = max(1, (moment - self.anchor) // self.period + 1)
        while True:
            yield self.anchor + number * self.period
            number += 1

    def until(self, moment: datetime) -> Iterator[datetime]:
        number = (moment - self.anchor) // self.period
        while number >= 1:
            yield self.anchor + number * self.period
            number -= 1


@dataclass(frozen=True, slots=True)
class CronSlots:
    """Minutes by cronsim, and the seconds within each by ourselves.

    It has its rules for clock changes only where there is no field for seconds.
    """

    cron: Cron

    def after(self, moment: datetime) -> Iterator[datetime]:
        begin = (moment.replace(second=0, microsecond=0) - _SECOND).astimezone(self.cron.zone)
        for minute in CronSim(self.cron.fields, begin):
            for second in self.cron.seconds:
                slot = minute.astimezone(UTC) + second * _SECOND
                if slot > moment:
                    yield slot

    def until(self, moment: datetime) -> Iterator[datetime]:
        margin = _CHANGE_MAX if self.cron.is_by_local_time else _MINUTE
        begin = (moment + margin).replace(second=0, microsecond=0).astimezone(self.cron.zone)
        for minute in CronSim(self.cron.fields, begin, reverse=True):
            for second in reversed(self.cron.seconds):
                slot = minute.astimezone(UTC) + second * _SECOND
                if slot <= moment:
                    yield slot


@dataclass(frozen=True, slots=True)
class Due:
    """`fire`, oldest first; `newest` is the last slot of all that came, None where none did.

    `left_out` are those that catching up with all was too much for, counted up to COUNTED_MAX.
    """

    fire: tuple[datetime, ...] = ()
    newest: datetime | None = None
    left_out: int = 0


def due_slots(
    slots: Slots, reached: datetime, now: datetime, catch_up: CatchUp, late_seconds: float
) -> Due:
    """What to do about the slots in (reached, now].

    Those at most `late_seconds` old are fired. Older ones were missed: all of them are fired up
    to MISSED_MAX, or the last one where nothing else is fired, or none.
    """
    fire: list[datetime] = []
    newest = None
    on_time_from = now - timedelta(seconds=late_seconds)
    left_out = 0
    for slot in slots.until(now):
        if slot <= reached:
            break
        newest = newest or slot
        if slot > on_time_from or _is_caught_up(catch_up, len(fire)):
            fire.append(slot)
        elif catch_up == "all" and left_out < COUNTED_MAX:
            left_out += 1
        else:
            break
    return Due(tuple(reversed(fire)), newest, left_out)


def _is_caught_up(catch_up: CatchUp, fired: int) -> bool:
    """Whether a missed slot is fired where `fired` later ones are."""
    if catch_up == "all":
        return fired < MISSED_MAX
    return catch_up == "last" and fired == 0
