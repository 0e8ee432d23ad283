"""One event ends the program each time: it ends as a dead letter, and the others arrive."""

import asyncio
from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from tests.faults.export import Export, export
from tests.faults.ledger import Ledger
from tests.faults.poisonous import DEADLY_IN_FILTER, DEADLY_IN_SINK, KILLED
from tests.faults.process import DiedEarly, Program, is_quiet, until
from tests.faults.publisher import accepted, request
from tests.faults.subscribers import OK, Subscriber
from tests.faults.world import draw_seed, resource, write_configuration

COMMAND = ("-m", "tests.faults.poisonous")
EVENTS = 60
DEATHS_MAX = 8
KILLS = 5


async def send(address: tuple[str, int], raw: bytes) -> None:
    reader, writer = await asyncio.open_connection(*address)
    try:
        await accepted(reader, writer, raw)
    finally:
        writer.close()


class Poisoned:
    """The program with a file and an HTTP subscriber, started again whenever it has died."""

    def __init__(self, folder: Path) -> None:
        self.program = Program(folder, COMMAND)
        self.http = Subscriber("http", Ledger(), self._answer)
        self.file = folder / "events.ndjson"
        self.taken: list[str] = []
        self.deaths = 0

    def _answer(self, id: str) -> bytes:
        self.taken.append(id)
        return OK

    async def open(self) -> None:
        await self.http.listen()
        write_configuration(
            self.program.configuration,
            [
                resource("Broker", "default", {}),
                {
                    **resource("FileSink", "file", {"path": str(self.file)}),
                    "apiVersion": "headrace.dev/v1",
                },
                resource("Trigger", "http", {"subscriber": {"uri": self.http.uri}}),
                resource(
                    "Trigger",
                    "file",
                    {
                        "filters": [{"suffix": {"type": "order"}}],
                        "subscriber": {"ref": {"kind": "FileSink", "name": "file"}},
                    },
                ),
            ],
        )

    async def start(self) -> None:
        """Until it runs; dying before it is ready counts too."""
        while True:
            try:
                await self.program.start()
            except DiedEarly as death:
                self._count(death.code)
            else:
                return

    def _count(self, code: int) -> None:
        assert code == KILLED, self.program.last_words()
        self.deaths += 1
        assert self.deaths <= DEATHS_MAX, self.program.last_words()

    async def publish(self, id: str) -> None:
        """Send one event until it is accepted, whoever dies."""
        while True:
            address = self.program.ingress
            assert address is not None
            try:
                await send(address, request(id, "order"))
            except (OSError, asyncio.IncompleteReadError):
                self._count(await self.program.end())
                await self.start()
            else:
                return

    async def settled(self) -> None:
        """Start it again after each death until nothing is left to do."""
        listing: dict[str, dict[str, object]] = {}
        while not is_quiet(listing):
            if (code := self.program.poll()) is not None:
                self._count(code)
                await self.start()
            listing = await self.program.triggers()

    async def finish(self) -> Export:
        assert await self.program.terminate() == 0
        return await export(self.program.store)


@pytest.fixture
async def poisoned(tmp_path: Path) -> AsyncIterator[Poisoned]:
    made = Poisoned(tmp_path)
    await made.open()
    yield made
    made.program.close()
    made.http.close()


@pytest.mark.parametrize(("deadly", "deaths_max"), [(DEADLY_IN_SINK, 5), (DEADLY_IN_FILTER, 7)])
async def test_an_event_that_ends_the_program_is_buried_and_all_others_are_delivered(
    poisoned: Poisoned, deadly: str, deaths_max: int
) -> None:
    others = {f"order-{number}" for number in range(EVENTS)}
    await poisoned.start()
    for other in sorted(others)[: EVENTS // 2]:
        await poisoned.publish(other)

    await poisoned.publish(deadly)
    for other in sorted(others)[EVENTS // 2 :]:
        await poisoned.publish(other)
    await poisoned.settled()

    found = await poisoned.finish()
    print(f"{poisoned.deaths} deaths, sums {dict(found.sums)}")
    assert poisoned.deaths <= deaths_max
    assert [(letter.event.id, letter.reason) for letter in found.dead_letters] == [
        (deadly, "poison")
    ]
    assert found.sums["file"] == (EVENTS + 1, EVENTS, 1)
    lines = poisoned.file.read_text().splitlines()
    assert all(any(f'"{other}"' in line for line in lines) for other in others)
    assert set(poisoned.taken) == {*others, deadly}


async def test_kills_from_outside_bury_nothing_and_hold_up_no_http(poisoned: Poisoned) -> None:
    chance = Random(draw_seed())
    ids = {f"order-{number}" for number in range(KILLS * EVENTS)}
    left = iter(sorted(ids))
    for _ in range(KILLS):
        await poisoned.start()
        for other in islice(left, EVENTS):
            await poisoned.publish(other)
        await asyncio.sleep(chance.uniform(0.0, 0.2))
        await poisoned.program.kill()
    await poisoned.start()
    await until(lambda: ids <= set(poisoned.taken), "HTTP gets all")

    await poisoned.settled()

    found = await poisoned.finish()
    assert found.dead_letters == ()
    assert found.sums["file"] == (len(ids), len(ids), 0)
    assert poisoned.deaths == 0
