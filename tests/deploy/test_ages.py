"""The age of the oldest event of a trigger: true while it follows, waits, and after a restart."""

from datetime import timedelta
from pathlib import Path

import pytest

from deploy.ages import oldest_ages, spread
from tests.deploy.living import BROKER, TRIGGER, Living, event, living

HOUR = timedelta(hours=1)
PAUSED = f"{BROKER}---{TRIGGER}  paused: true\n"


async def age_in_an_hour(headrace: Living) -> float:
    broker = headrace.process.running.brokers["default/default"]
    ages = await oldest_ages(broker, headrace.process.clock.now() + HOUR)
    return ages["default/orders"]


async def test_a_trigger_with_nothing_open_has_no_age(tmp_path: Path) -> None:
    async with living(tmp_path) as headrace:
        await headrace.publish(event(1))
        await headrace.rest()

        assert await age_in_an_hour(headrace) == 0.0


async def test_what_a_paused_trigger_has_not_read_yet_has_its_age(tmp_path: Path) -> None:
    async with living(tmp_path, PAUSED) as headrace:
        await headrace.publish(event(1), event(2))

        assert await age_in_an_hour(headrace) == pytest.approx(3600, abs=30)


async def test_after_a_restart_the_store_knows_the_age(tmp_path: Path) -> None:
    async with living(tmp_path, PAUSED) as headrace:
        await headrace.publish(event(1))

    async with living(tmp_path, PAUSED) as headrace:
        assert await age_in_an_hour(headrace) == pytest.approx(3600, abs=30)


def test_offsets_are_asked_evenly_up_to_the_bound() -> None:
    assert spread([3, 5, 9], 4) == [3, 5, 9]
    assert spread(list(range(100)), 4) == [0, 25, 50, 75]
    assert len(spread(list(range(1, 1000)), 256)) <= 256
