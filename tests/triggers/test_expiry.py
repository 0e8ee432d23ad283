"""Expiry: since when a model is away is written down, and what waits too long is given up."""

from datetime import timedelta

from broker.clock import to_milliseconds
from broker.storage.rows import Counts
from sinks.inference_spec import HoldSpec
from sinks.target import TargetState
from tests.scenarios.house import BEGINNING, House, trigger
from tests.scenarios.model_server import ScriptedServer, asking, served_by
from tests.triggers.workshop import stored
from triggers.carriage import fresh
from triggers.expiry import PREFIX, came_at
from triggers.replay.job import ReplayRequest

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


async def test_what_was_redriven_is_given_up_with_the_rest_though_most_wait_for_a_share() -> None:
    house, _ = await asleep()
    await house.publish(*(asking(number) for number in range(1, 200)))
    await house.until(lambda: house.counts().dead == 200)
    assert house.partition.desk is not None

    await house.partition.desk.redrive([one.id for one in await house.dead_letters()], "tests")
    await house.until(lambda: house.lane().parked_count == 0)
    await house.partition.drain()

    letters = await house.dead_letters()
    assert {one.redrives for one in letters} == {1}
    assert len({one.dead_at for one in letters}) == 1
    await house.end()


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


async def test_a_replay_gives_up_what_has_waited_too_long_since_it_began() -> None:
    house, server = await ready(max_hold_seconds=3600.0)
    await house.publish(*(asking(number) for number in range(5)))
    await house.settle()
    server.is_up = False
    began = house.clock.monotonic()
    assert house.partition.replays is not None

    request = ReplayRequest("default/t", 1, 5, rate_per_second=100.0, id="again")
    await house.partition.replays.create(request, "tests")
    await house.until(lambda: tally(house).dead == 5)

    assert 3600.0 <= house.clock.monotonic() - began < 3700.0
    assert (house.counts().delivered, house.counts().dead) == (5, 0)
    letters = await house.dead_letters()
    assert {(one.reason, one.place.trigger) for one in letters} == {("not_ready", "default/t")}
    assert {one.place.step for one in letters} == {"replay/again"}


async def test_a_replay_of_a_paused_trigger_gives_up_nothing() -> None:
    house, server = await ready(max_hold_seconds=60.0)
    await house.publish(asking(0))
    await house.settle()
    server.is_up = False
    assert house.partition.replays is not None
    request = ReplayRequest("default/t", 1, 1, rate_per_second=100.0, id="again")
    await house.partition.replays.create(request, "tests")
    await house.until(lambda: house.lane().target.state is TargetState.HOLDING)

    await house.partition.steering.pause("default/t", "tests")
    await pass_by(house, 600.0)

    assert tally(house).dead == 0


async def ready(max_hold_seconds: float) -> tuple[House, ScriptedServer]:
    server, house = ScriptedServer(), House()
    house.models["t"] = served_by(server, hold=HoldSpec(max_hold_seconds=max_hold_seconds))
    await house.start(trigger())
    return house, server


def tally(house: House) -> Counts:
    assert house.partition.replays is not None
    progress = house.partition.replays.find("again")
    assert progress is not None
    return progress.tally
