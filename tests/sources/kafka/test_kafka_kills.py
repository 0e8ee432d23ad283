"""A complete ledger whatever dies: what Kafka holds is in the log once, in its order."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import count, islice
from typing import Self

import pytest
from aiokafka.errors import KafkaError

from broker.clock import SteadyClock
from broker.errors import HeadraceError, Unavailable
from broker.intake_options import IntakeOptions
from sources.kafka.source import STEADY_SECONDS, KafkaSource
from sources.source import SourceSupplies
from tests.faults.world import IS_LONG
from tests.servers.kafka import Kafka
from tests.sources.kafka.reading import Reading

SECONDS_MAX = 90.0
FORGETFUL = IntakeOptions(dedupe_window_seconds=0.0)  # else it would hide what comes twice


@pytest.fixture
async def exact(kafka: Kafka) -> AsyncIterator[Reading]:
    """Of a broker that stores every repeat."""
    made = Reading(kafka, FORGETFUL)
    await made.inside.open()
    yield made
    await made.inside.close()


class Load:
    """Numbers, produced without pause to one partition; `acked` are those that Kafka has for sure.

    It may hold more, and some twice: a producer that cannot go on after a kill leaves open what
    became of its last ones, and another goes on behind them.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.acked: list[bytes] = []
        self._is_over = False
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._running is not None
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    async def run(self) -> None:
        numbers = count()
        while not self._is_over:
            with suppress(KafkaError):
                await self._produce(numbers)

    async def _produce(self, numbers: Iterator[int]) -> None:
        async with self._reading.producer(request_timeout_ms=60_000, linger_ms=2) as producer:
            while not self._is_over:
                values = [b"%d" % number for number in islice(numbers, 50)]
                sent = [await producer.send(self._reading.topic, value) for value in values]
                await asyncio.gather(*sent)
                self.acked += values

    async def end(self) -> list[bytes]:
        assert self._running is not None
        self._is_over = True
        async with asyncio.timeout(SECONDS_MAX):
            await self._running
        return self.acked


async def keep_running(reading: Reading) -> None:
    """As its supervisor does: again after each failure."""
    while True:
        running = reading.inside.start(reading.make(), reading.spec)
        with suppress(HeadraceError, OSError):
            await running
        await asyncio.sleep(0.2)


@asynccontextmanager
async def kept_running(reading: Reading) -> AsyncIterator[None]:
    running = asyncio.create_task(keep_running(reading))
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def numbers(reading: Reading, least: int) -> list[bytes | None]:
    """What is stored once it is so many events; runs that fail meanwhile are run again."""
    async with asyncio.timeout(SECONDS_MAX):
        while len(stored := await reading.inside.stored()) < least:
            await asyncio.sleep(0.05)
    return [one.event.data for one in stored]


@pytest.mark.parametrize(("kills", "kafka_kills"), [(20, 5) if IS_LONG else (3, 1)], ids=str)
async def test_kills_of_kafka_and_of_headrace_under_load_lose_and_repeat_nothing(
    exact: Reading, kills: int, kafka_kills: int
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    order = [False] * kills + [True] * kafka_kills
    dice.shuffle(order)
    await exact.create()
    async with Load(exact) as load:
        for is_kafka in order:
            async with kept_running(exact):
                await asyncio.sleep(0.2 + dice.random())
                if is_kafka:
                    await asyncio.to_thread(exact.kafka.restart)
            await exact.inside.crash()
        async with kept_running(exact):
            acked = await load.end()
            held = await exact.held()
            stored = await numbers(exact, len(held))

    is_acked = set(acked).__contains__
    assert stored == held
    assert list(filter(is_acked, dict.fromkeys(held))) == acked


async def test_a_cut_connection_under_load_loses_and_repeats_nothing(exact: Reading) -> None:
    await exact.create()
    with exact.kafka.proxy() as proxy:
        exact.change(servers=(proxy.address,))
        async with Load(exact) as load, kept_running(exact):
            for _ in range(5):
                before = len(await exact.inside.stored())
                await numbers(exact, before + 50)
                await asyncio.to_thread(proxy.cut)
                await asyncio.to_thread(proxy.mend)
            acked = await load.end()
            stored = await numbers(exact, len(acked))

    assert stored == acked


class Hasty(SteadyClock):
    """A minute passes in a second, so that a run is soon a steady one."""

    def monotonic(self) -> float:
        return time.monotonic() * 60.0


async def test_after_steady_work_a_cut_connection_is_made_again_without_a_failure(
    reading: Reading,
) -> None:
    await reading.create()
    supplies = SourceSupplies(Hasty(), reading.inside.chance)
    with reading.kafka.proxy() as proxy:
        reading.change(servers=(proxy.address,), refresh_seconds=3600.0)
        running = reading.inside.start(KafkaSource(reading.spec, supplies), reading.spec)
        await reading.produce([b"before"])
        await reading.stored(1)
        await until_passed(supplies, 2 * STEADY_SECONDS)

        proxy.cut()
        proxy.mend()
        await reading.produce([b"after"])

        assert await reading.data(2) == [b"before", b"after"]
        assert not running.done()


async def until_passed(supplies: SourceSupplies, seconds: float) -> None:
    end = supplies.clock.monotonic() + seconds
    while supplies.clock.monotonic() < end:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("is_frozen", [True, False], ids=["frozen", "stalled"])
async def test_a_kafka_that_answers_nothing_is_told_in_time(
    kafka: Kafka, reading: Reading, is_frozen: bool
) -> None:
    await reading.create()
    with kafka.proxy() as proxy:
        reading.change(servers=(proxy.address,), request_seconds=1.5)
        await reading.begin()
        if is_frozen:
            kafka.freeze()
        else:
            proxy.stall()

        error = await reading.failure()
        kafka.thaw()

    assert isinstance(error, Unavailable)
    assert error.remedy
