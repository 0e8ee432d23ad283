"""Lanes and what they are fed with, for the tests of the middle; on a loop with its own time."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from broker.codec import make_event
from broker.errors import HeadraceError
from broker.event import Event, StoredEvent
from broker.storage.log import OnCheckpoint
from broker.storage.memory.engine import MemoryEngine
from broker.storage.memory.log import MemoryLog
from broker.storage.rows import Append, Checkpoint, ParkedRow, Place
from sinks.recorder import RecorderSink
from sinks.target import Target
from tests.scenarios.house import BEGINNING, LoopClock, trigger
from triggers.budget import Budget
from triggers.carriage import Carriage
from triggers.filters.build import build_filter
from triggers.lane import Carry, Ended, Lane
from triggers.ledger import Ledger


def event(id: str | int, **attributes: str) -> Event:
    facts = {"specversion": "1.0", "id": str(id), "source": "/s", "type": "t"}
    return make_event(facts | attributes, b"x")


def stored(offset: int, **attributes: str) -> StoredEvent:
    return StoredEvent(offset, event(offset, **attributes), BEGINNING)


def stored_range(first: int, last: int) -> list[StoredEvent]:
    return [stored(offset) for offset in range(first, last + 1)]


def carried(lane: Lane, batch: list[Carriage], ended: Ended) -> None:
    """A sink that takes everything at once."""
    for carriage in batch:
        lane.leave(carriage, delivered=True)
    ended(lane, len(batch))


def make_lane(
    name: str = "t",
    *,
    carry: Carry = carried,
    sink: RecorderSink | None = None,
    ledger: Ledger | None = None,
    budget: Budget | None = None,
    filters: Sequence[Any] = (),
    is_following: bool = True,
    **spec: Any,
) -> Lane:
    """A lane of trigger default/`name` that stands at 0, with one revision from offset 1."""
    lane = Lane(
        trigger(name, filters=filters, **spec),
        sink or RecorderSink(),
        Target(name, lambda: 0.5),
        ledger or Ledger(),
        "0000abcd",
        budget or Budget(),
        carry,
    )
    lane.revisions = [(1, 1, build_filter(filters))]
    lane.is_following = is_following
    return lane


def push(lane: Lane, *events: StoredEvent) -> None:
    """What the router does with matching events."""
    for one in events:
        lane.push(one)
        lane.position = one.offset


def has_work(lane: Lane) -> bool:
    return bool(lane.queue or lane.retries or lane.released)


def take_all(lane: Lane) -> list[Carriage]:
    taken: list[Carriage] = []
    while has_work(lane):
        taken += lane.take()
    return taken


def row(offset: int, trigger: str = "default/t", **facts: Any) -> ParkedRow:
    """A parked delivery, due at once unless `due_at` says otherwise."""
    state: dict[str, Any] = {
        "place": Place(trigger, offset),
        "delivery_id": f"0000abcd/{trigger}/{offset}",
        "attempt": 2,
        "due_at": BEGINNING,
        "wait_seconds": 0.2,
        "age_seconds": 0.2,
        "first_at": BEGINNING,
        "stored_at": BEGINNING,
        "event": event(offset),
    }
    return ParkedRow(**state | facts)


class CountingLog(MemoryLog):
    """Counts what is read and refuses as many checkpoints as it is told to."""

    def __init__(self, log: MemoryLog) -> None:
        super().__init__(log._state, log._writer)
        self.reads: list[tuple[int, int]] = []  # after, limit
        self.given: list[Checkpoint] = []
        self.refusals: list[HeadraceError] = []
        self.is_stuck = False  # takes a checkpoint and does not answer

    async def read(self, after: int, limit: int, bytes_max: int) -> Sequence[StoredEvent]:
        self.reads.append((after, limit))
        return await super().read(after, limit, bytes_max)

    def checkpoint(self, checkpoint: Checkpoint, done: OnCheckpoint) -> None:
        self.given.append(checkpoint)
        if self.is_stuck:
            return
        if self.refusals:
            asyncio.get_running_loop().call_soon(done, self.refusals.pop(0))
        else:
            super().checkpoint(checkpoint, done)


class Store:
    """A memory partition that is open, with what tests ask of it in one word."""

    def __init__(self) -> None:
        self.clock = LoopClock()
        self.engine = MemoryEngine(self.clock)
        self.log = CountingLog(self.engine.log)

    async def open(self, on_stored: Callable[[Sequence[StoredEvent]], None] | None = None) -> None:
        await self.log.open(on_stored or (lambda _: None))

    async def append(self, *events: Event) -> None:
        done: asyncio.Future[Append] = asyncio.get_running_loop().create_future()
        self.log.append(Append(events, b"k" * 8 * len(events), done.set_result))
        answer = await done
        assert answer.error is None, answer.error

    async def write(self, checkpoint: Checkpoint) -> None:
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.log.checkpoint(checkpoint, done.set_result)
        error = await done
        assert error is None, error
