"""A PingSource at work, on a clock that a test moves."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from broker.errors import Invalid, Overloaded
from sources.ping.mark import to_text
from sources.ping.options import PingOptions
from sources.ping.schedule import Cron, Every
from sources.ping.source import PingSource
from sources.spec import SourceSpec
from tests.sources.inside import Inside
from tests.sources.ping.set_clock import SetClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTELY = Cron("* * * * *", (0,), UTC, "UTC")
SECONDLY = Cron("* * * * *", tuple(range(60)), UTC, "UTC")
DAY_SECONDS = 86_400.0


class Running:
    """A source with its inside; `restart` is a new process with the same data."""

    def __init__(self, options: PingOptions) -> None:
        self.clock = SetClock(NOON)
        self.inside = Inside(self.clock)
        self.spec = SourceSpec("PingSource", "shop/nightly", "default/default", options)

    async def start(self, **changed: object) -> None:
        options = replace(self.spec.options, **changed)
        self.spec = replace(self.spec, options=options)
        connections = self.inside.connections
        self.inside.start(PingSource(self.spec, self.inside.supplies), self.spec)
        await self.inside.until(lambda: self.inside.connections > connections)

    async def restart(self, **changed: object) -> None:
        await self.inside.crash()
        await self.start(**changed)

    async def times(self, count: int) -> list[str]:
        """Once there are so many."""
        stored = await self.inside.until_stored(count)
        return [one.event.attributes["time"][11:19] for one in stored]

    async def until_next(self, slot: str) -> None:
        await self.inside.until(lambda: self.inside.standing.position.endswith(slot))


@pytest.fixture
async def minutely() -> AsyncIterator[Running]:
    made = Running(PingOptions(MINUTELY))
    await made.inside.open()
    yield made
    await made.inside.close()


async def test_a_new_source_begins_with_its_next_slot(minutely: Running) -> None:
    await minutely.start(schedule=SECONDLY)

    minutely.clock.advance(1)

    assert await minutely.times(1) == ["12:00:01"]


async def test_slots_missed_while_down_are_caught_up_with_as_told(minutely: Running) -> None:
    await minutely.start()
    minutely.clock.advance(150)

    await minutely.restart(catch_up="all")

    assert await minutely.times(2) == ["12:01:00", "12:02:00"]


async def test_by_default_the_last_missed_slot_is_fired(minutely: Running) -> None:
    await minutely.start()
    minutely.clock.advance(7 * DAY_SECONDS + 90)

    await minutely.restart()

    await minutely.until_next("12:02:00Z")
    assert await minutely.times(1) == ["12:01:00"]


async def test_with_none_missed_slots_are_skipped_for_good(minutely: Running) -> None:
    await minutely.start(catch_up="none")
    minutely.clock.advance(150)
    await minutely.restart()
    await minutely.until_next("12:03:00Z")

    await minutely.restart(catch_up="all")

    await minutely.until_next("12:03:00Z")
    assert await minutely.times(0) == []


async def test_a_slot_fires_once_though_the_clock_was_set_back(minutely: Running) -> None:
    await minutely.start(schedule=SECONDLY)
    minutely.clock.advance(1)
    await minutely.times(1)
    minutely.clock.set_to(NOON - timedelta(hours=1))

    await minutely.restart()

    await minutely.until_next("12:00:02Z")
    assert await minutely.times(1) == ["12:00:01"]
    (notice,) = minutely.inside.notices
    assert notice.startswith("the clock is 1:00:01 behind the last slot")


async def test_a_clock_that_is_far_behind_is_an_error_with_a_remedy(minutely: Running) -> None:
    await minutely.start()
    minutely.clock.set_to(datetime(1970, 1, 1, tzinfo=UTC))
    await minutely.inside.crash()

    with pytest.raises(Invalid, match="1970") as caught:
        await PingSource(minutely.spec, minutely.inside.supplies).run(
            minutely.inside.outlet(minutely.spec)
        )

    assert "another name" in (caught.value.remedy or "")


async def test_a_changed_schedule_misses_nothing_of_the_time_before(minutely: Running) -> None:
    await minutely.start(catch_up="all")
    minutely.clock.advance(150)

    await minutely.restart(schedule=SECONDLY)

    await minutely.until_next("12:02:31Z")
    assert await minutely.times(0) == []


async def test_restarts_do_not_shift_what_fires_every_so_often(minutely: Running) -> None:
    await minutely.start(schedule=Every(timedelta(seconds=90)), catch_up="all")
    minutely.clock.advance(50)
    await minutely.restart()
    minutely.clock.advance(140)

    await minutely.restart()

    assert await minutely.times(2) == ["12:01:30", "12:03:00"]


async def test_more_than_a_thousand_missed_slots_are_said_in_the_log(minutely: Running) -> None:
    await minutely.start(catch_up="all")
    minutely.clock.advance(1_100 * 60)

    await minutely.restart()

    assert (await minutely.times(1_000))[0] == "13:41:00"
    (notice,) = minutely.inside.notices
    assert notice.startswith("100 missed slots are left out, the oldest ones")


async def test_jitter_delays_an_event_and_changes_neither_time_nor_id(minutely: Running) -> None:
    minutely.inside.supplies = replace(minutely.inside.supplies, chance=lambda: 0.5)
    await minutely.start(schedule=SECONDLY, jitter_seconds=2.0)

    minutely.clock.advance(1)
    asked = minutely.clock.asked
    await minutely.inside.until(lambda: minutely.clock.asked > asked)
    early = await minutely.times(0)
    minutely.clock.advance(1)

    assert early == []
    assert await minutely.times(2) == ["12:00:01", "12:00:02"]


async def test_the_next_slot_and_what_waits_are_shown(minutely: Running) -> None:
    await minutely.start(schedule=SECONDLY)
    minutely.inside.refusal = Overloaded("full", retry_after_seconds=0.02)

    minutely.clock.advance(3)

    await minutely.inside.until(lambda: minutely.inside.standing.lag == 3)
    minutely.inside.refusal = None
    await minutely.until_next("up to 2026-03-01T12:00:03Z, next 2026-03-01T12:00:04Z")
    assert minutely.inside.standing.lag == 0


async def test_a_check_tells_the_next_slots(minutely: Running) -> None:
    found = await PingSource(minutely.spec, minutely.inside.supplies).check()

    assert found.startswith(f"next slots: {to_text(NOON + timedelta(minutes=1))}, ")
