"""A small world around the program: publishers, four triggers and their sinks, one ledger.

order  → steady    takes everything, answers every fifth with a reply of type receipt
order  → flaky     fails three of ten at random
refund → refusing  422: dead letters, with a copy each to desk
receipt → receipts takes the replies
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

from deploy.config.known_fields import KINDS
from tests.faults.export import Export, export
from tests.faults.ledger import Ledger
from tests.faults.process import (
    END_SECONDS_MAX,
    POLL_SECONDS,
    UP,
    Program,
    Surroundings,
    is_quiet,
    until,
)
from tests.faults.publisher import ORDER, REFUND, Publisher
from tests.faults.subscribers import BROKEN, OK, REFUSED, Subscriber, replying

RECEIPT = "receipt"
SELECTS = {"steady": ORDER, "flaky": ORDER, "refusing": REFUND, "receipts": RECEIPT}
DESK = "desk"
FAILURES_RATIO = 0.3
IS_LONG = bool(os.environ.get("HEADRACE_LONG"))


def draw_seed() -> int:
    """HEADRACE_SEED repeats a run; without it each is another."""
    seed = int(os.environ.get("HEADRACE_SEED") or Random().randrange(1 << 32))
    print(f"seed {seed}: repeat with HEADRACE_SEED={seed}")
    return seed


def wants_reply(id: str) -> bool:
    return id.startswith(f"{ORDER}-") and int(id.rpartition("-")[2]) % 5 == 0


def reply_id(id: str) -> str:
    return f"{RECEIPT}-for-{id}"


class World:
    """Made by `make_world`, which also ends it."""

    def __init__(self, folder: Path, seed: int, command: Sequence[str], data: Path | None) -> None:
        self.ledger = Ledger()
        self.program = Program(folder, command, data)
        self.chance = Random(seed)
        self.publishers: list[Publisher] = []
        answers: Mapping[str, Callable[[str], bytes]] = {
            "steady": lambda event: (
                replying(reply_id(event), RECEIPT) if wants_reply(event) else OK
            ),
            "flaky": lambda _: BROKEN if self.chance.random() < FAILURES_RATIO else OK,
            "refusing": lambda _: REFUSED,
            "receipts": lambda _: OK,
            DESK: lambda _: OK,
        }
        self.sinks = {
            name: Subscriber(name, self.ledger, answer) for name, answer in answers.items()
        }
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self, broker_spec: Mapping[str, object]) -> None:
        for sink in self.sinks.values():
            await sink.listen()
        documents = [resource("Broker", "default", broker_spec)]
        for name, wanted in SELECTS.items():
            spec = {
                "filters": [{"exact": {"type": wanted}}],
                "subscriber": {"uri": self.sinks[name].uri},
                "delivery": self._delivery(name),
            }
            documents.append(resource("Trigger", name, spec))
        write_configuration(self.program.configuration, documents)

    def _delivery(self, name: str) -> dict[str, object]:
        delivery: dict[str, object] = {
            "retry": 1000, "backoffDelay": "PT0.02S", "backoffMax": "PT0.2S",
        }  # fmt: skip
        if name == "refusing":
            delivery["deadLetterSink"] = {"uri": self.sinks[DESK].uri}
        return delivery

    def spawn(self, surroundings: Surroundings | None = None) -> None:
        self.program.spawn(surroundings)
        self.ledger.generation = self.program.generation

    async def start(self, surroundings: Surroundings | None = None) -> float:
        self.spawn(surroundings)
        return await self.program.ready()

    def publish(self, publishers: int = 4) -> None:
        """Begin to publish, until `hush`; dying and starting processes do not matter."""
        loop = asyncio.get_running_loop()
        for number in range(publishers):
            name = str(len(self.publishers))
            chance = Random(f"{self.chance.random()}-{number}")
            publisher = Publisher(name, self.ledger, self.program, chance)
            self.publishers.append(publisher)
            self._tasks.append(loop.create_task(publisher.run()))

    async def publish_some(self, events: int) -> None:
        """Publish until so many events more are accepted, and no longer."""
        self.publish()
        await self.more_accepted(events)
        await self.hush()

    async def more_accepted(self, events: int, seconds: float = END_SECONDS_MAX) -> float:
        """Wait until so many events more are accepted; gives how long that took."""
        accepted = self.ledger.accepted
        enough = len(accepted) + events
        return await until(
            lambda: len(accepted) >= enough, f"{events} more events are accepted", seconds
        )

    async def hush(self) -> None:
        """Publish no more; gives back when the last answer has come."""
        for publisher in self.publishers:
            publisher.is_stopped = True
        await asyncio.gather(*self._tasks)
        self._tasks.clear()

    async def settled(self, seconds: float = END_SECONDS_MAX) -> None:
        """Wait until every trigger has nothing left to do, replies and copies included."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        listing: dict[str, dict[str, object]] = {}
        while not self._is_settled(listing := await self.program.triggers()):
            assert self.program.poll() is None, self.program.last_words()
            assert loop.time() < deadline, f"not settled in {seconds:g} s: {listing}"
            await asyncio.sleep(10 * POLL_SECONDS)

    def _is_settled(self, listing: Mapping[str, Mapping[str, object]]) -> bool:
        if not is_quiet(listing):
            return False
        finals = self.ledger.finals
        # A settlement is told to nobody before it is written down: so both ends are asked.
        dead = listing["refusing"]["dead"]
        copied = len(finals("refusing")) == dead == len(finals(DESK))
        replied = {reply_id(one) for one in finals("steady") if wants_reply(one)}
        return copied and replied <= finals("receipts").keys()

    async def finish(self) -> Export:
        """Let everything settle, stop cleanly, and read the store."""
        await self.hush()
        await self.settled()
        code = await self.program.terminate()
        assert code == 0, self.program.last_words()
        return await export(self.program.store)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.program.close()
        for sink in self.sinks.values():
            sink.close()


@asynccontextmanager
async def make_world(
    folder: Path,
    *,
    command: Sequence[str] = UP,
    data: Path | None = None,
    broker_spec: Mapping[str, object] | None = None,
) -> AsyncIterator[World]:
    """A world whose sinks listen; the program is not started yet."""
    world = World(folder, draw_seed(), command, data)
    await world.open(broker_spec or {})
    try:
        yield world
    finally:
        await world.close()


def resource(kind: str, name: str, spec: Mapping[str, object]) -> dict[str, object]:
    return {"apiVersion": KINDS[kind], "kind": kind, "metadata": {"name": name}, "spec": dict(spec)}


def write_configuration(path: Path, documents: Sequence[Mapping[str, object]]) -> None:
    """Each document as JSON, which is YAML too."""
    path.write_text("".join(f"---\n{json.dumps(document)}\n" for document in documents))
