"""Expiry: since when a model is away is written down, and what waits too long is given up."""

from datetime import timedelta

from broker.clock import to_milliseconds
from sinks.inference_spec import HoldSpec
from sinks.target import TargetState
from tests.scenarios.house import BEGINNING, House, trigger
from tests.scenarios.model_server import ScriptedServer, asking, served_by
from tests.triggers.workshop import stored
from triggers.carriage import fresh
from triggers.expiry import PREFIX, came_at

KEY = PREFIX + "InferenceSink default/m"


async def asleep(max_hold_seconds: float = 60.0) -> tuple[House, ScriptedServer]:
    server, house = ScriptedServer(), House()
    server.is_up = False
    house.models["t"] = served_by(server, hold=HoldSpec(max_hold_seconds=max_hold_seconds))
    await house.start(trigger())
    await house.publish(asking(0))
    await house.until(lambda: house.lane().target.state is TargetState.HOLDING)
    return house, server


async def pass_by(house: House, seconds: float) -> None:
    began = house.clock.monotonic()
    await house.until(lambda: house.clock.monotonic() - began > seconds)
    await house.partition.drain()


async def test_since_when_a_model_is_away_is_a_record_until_it_answers() -> None:
    house, server = await asleep()
    await pass_by(house, 10.0)
    found = await house.engine.records.get(KEY)

    server.is_up = True
    await house.settle()
    await pass_by(house, 10.0)

    assert found is not None
    assert int(found[0]) - to_milliseconds(BEGINNING) < 5_000
    assert await house.engine.records.get(KEY) is None


async def test_what_came_later_waits_longer() -> None:
    house, _ = await asleep()
    await pass_by(house, 50.0)
    await house.publish(asking(1))

    await pass_by(house, 20.0)
    early = house.counts().dead
    await pass_by(house, 60.0)

    assert (early, house.counts().dead) == (1, 2)


async def test_a_paused_trigger_gives_up_nothing() -> None:
    house, _ = await asleep()
    await house.partition.steering.pause("default/t", "tests")

    await pass_by(house, 600.0)

    assert house.counts().dead == 0


async def test_a_seek_begins_the_wait_anew() -> None:
    house, _ = await asleep()
    await house.publish(asking(1))
    await pass_by(house, 50.0)
    await house.partition.steering.seek("default/t", 2, "tests")

    await pass_by(house, 30.0)

    assert (house.counts().dead, house.counts().discarded) == (0, 1)


def test_an_event_comes_when_it_is_stored() -> None:
    carriage = fresh("x/", "default/t", stored(1))

    assert came_at(carriage) == BEGINNING + timedelta()
