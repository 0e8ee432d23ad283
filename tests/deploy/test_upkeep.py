"""What is done every so often: watch the loop, write progress, forget, limit backlogs."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from broker.retention import Retention, RetentionLimits
from deploy.config.broker_spec import BrokerLimits, BrokerSpec
from deploy.running import Running, RunningBroker
from deploy.upkeep import PROGRESS_SECONDS, RETENTION_SECONDS, note_progress, retain, watch
from tests.scenarios.house import House, JumpingLoop, numbered, trigger

EVENT_BYTES = numbered(100).size_bytes
OTHERS = [{"exact": {"type": "other"}}]
Scene = Callable[[House], Coroutine[Any, Any, None]]


@pytest.fixture
def play() -> Callable[[Scene], None]:
    """Plays a scene on a loop with time of its own."""

    async def whole(scene: Scene) -> None:
        house = House()
        await scene(house)
        await house.end()

    def run(scene: Scene) -> None:
        with asyncio.Runner(loop_factory=JumpingLoop) as runner:
            runner.run(whole(scene))

    return run


def running(house: House, bytes_kept: int, backlog_bytes: int = 1 << 40) -> Running:
    limits = RetentionLimits(age=None, bytes_max=bytes_kept)
    engine, partition = house.engine, house.partition
    retention = Retention(engine.log, engine.desk, house.clock, limits, partition.lowest_needed)
    spec = BrokerSpec("default/default", limits=BrokerLimits(backlog_bytes=backlog_bytes))
    found = Running(house.clock, house.telemetry, house.pool)
    found.brokers[spec.name] = RunningBroker(spec, engine, partition, house.intake, retention)
    return found


async def for_seconds(upkeep: Coroutine[Any, Any, None], seconds: float) -> None:
    task = asyncio.get_running_loop().create_task(upkeep)
    await asyncio.sleep(seconds)
    assert not task.done(), task.exception()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def told(house: House, name: str) -> list[Any]:
    return [fields for signal, fields in house.signals if signal == name]


def test_a_loop_that_stood_still_is_told(play: Any) -> None:
    async def scene(house: House) -> None:
        await house.start()
        headrace = running(house, 1 << 40)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, JumpingLoop)

        loop.call_later(5.0, stand_still, loop, 3.0)
        await for_seconds(watch(headrace), 10.0)

        (blocked,) = told(house, "loop.blocked")
        assert 2.7 < blocked["seconds"] <= 3.0
        assert headrace.loop_lag_seconds < 0.1

    play(scene)


def stand_still(loop: JumpingLoop, seconds: float) -> None:
    loop._jumping.passed_seconds += seconds


def test_how_far_routing_is_comes_to_disk_although_nothing_matches(play: Any) -> None:
    async def scene(house: House) -> None:
        await house.start(trigger(filters=OTHERS))
        await house.publish(*(numbered(n) for n in range(10)))

        await for_seconds(note_progress(running(house, 1 << 40)), 2 * PROGRESS_SECONDS)

        assert house.partition.lowest_needed() == 11

    play(scene)


def test_what_is_past_its_retention_is_forgotten_and_told(play: Any) -> None:
    async def scene(house: House) -> None:
        await house.start(trigger(filters=OTHERS))
        await house.publish(*(numbered(n) for n in range(100, 200)))
        house.partition.note_progress()
        await house.partition.drain()

        await for_seconds(retain(running(house, bytes_kept=10 * EVENT_BYTES)), 1.0)

        (pruned,) = told(house, "log.pruned")
        assert (pruned["broker"], pruned["events"], pruned["up_to"]) == ("default/default", 90, 90)

    play(scene)


def test_a_backlog_that_was_too_large_is_forgiven_when_it_is_worked_off(play: Any) -> None:
    async def scene(house: House) -> None:
        await house.start(trigger())
        house.sinks["t"].delay_seconds = 1000.0
        headrace = running(house, 1 << 40, backlog_bytes=10 * EVENT_BYTES)
        (broker,) = headrace.brokers.values()
        upkeep = asyncio.get_running_loop().create_task(retain(headrace))

        await house.publish(*(numbered(n) for n in range(100, 200)))
        await asyncio.sleep(2 * RETENTION_SECONDS)
        full = broker.is_backlog_full
        house.sinks["t"].delay_seconds = 0.0
        await house.settle()
        await asyncio.sleep(2 * RETENTION_SECONDS)
        upkeep.cancel()

        assert (full, broker.is_backlog_full) == (True, False)
        assert told(house, "delivery.dead") == []

    play(scene)
