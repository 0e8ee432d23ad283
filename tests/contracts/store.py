"""A store under its contract: engines to open and crash, and values to give them."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from broker.codec import make_event
from broker.delivery import Attempt
from broker.errors import HeadraceError
from broker.event import Event, StoredEvent
from broker.storage.memory.engine import MemoryEngine
from broker.storage.rows import (
    Append,
    Checkpoint,
    DeadLetter,
    DeadState,
    Loaded,
    ParkedRow,
    Place,
    Record,
)
from broker.storage.sqlite.engine import SqliteEngine
from broker.storage.sqlite.options import SqliteOptions

START = datetime(2026, 1, 1, tzinfo=UTC)
AnyEngine = MemoryEngine | SqliteEngine


class OwnClock:
    """Time that only a test moves."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return (self.moment - START).total_seconds()

    def move(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def event(id: str, data: bytes | None = b"{}", **more: str) -> Event:
    attributes = {"specversion": "1.0", "type": "thing.happened", "source": "/test", "id": id}
    return make_event(attributes | more, data)


def attempt(number: int = 1, body: bytes = b"no") -> Attempt:
    return Attempt(
        number,
        at(number),
        0.125,
        "transient",
        503,
        "busy",
        None,
        (("server", "x"),),
        body,
        0.1,
        "b",
    )


def parked(
    offset: int, due_seconds: float = 10.0, trigger: str = "default/a", step: str = "deliver",
    order_key: str | None = None, data: bytes | None = b"\x00\xff",
) -> ParkedRow:  # fmt: skip
    return ParkedRow(
        place=Place(trigger, offset, step),
        delivery_id=f"d-{offset}",
        attempt=2,
        due_at=at(due_seconds),
        wait_seconds=due_seconds,
        age_seconds=1.5,
        first_at=at(0),
        stored_at=at(0),
        event=event(f"e-{offset}", data),
        attempts=(attempt(1), attempt(2), attempt(3, b"other")),
        order_key=order_key,
    )


def letter(
    id: str, dead_seconds: float = 5.0, group: str = "g", trigger: str = "default/a",
    state: DeadState = DeadState.DEAD, status: int | None = 503, reason: str = "attempts",
    data: bytes | None = b"\x00\xfe", purge_at: datetime | None = None,
) -> DeadLetter:  # fmt: skip
    return DeadLetter(
        id=id,
        place=Place(trigger, 1),
        delivery_id=f"d-{id}",
        broker="default/b",
        sink="https://sink",
        revision=1,
        event=event(f"e-{id}", data, subject="s"),
        stored_at=at(0),
        reason=reason,
        outcome_class="transient",
        status=status,
        message="busy",
        first_at=at(1),
        dead_at=at(dead_seconds),
        attempt_count=3,
        attempts=(attempt(1), attempt(2)),
        group=group,
        pattern="busy #",
        state=state,
        purge_at=purge_at,
    )


class Answers:
    """Everything an engine called back, in order."""

    def __init__(self) -> None:
        self.order: list[object] = []
        self.stored: list[StoredEvent] = []

    def on_stored(self, events: Sequence[StoredEvent]) -> None:
        self.order.append(tuple(stored.offset for stored in events))
        self.stored += events


class Store:
    """One partition of one kind; `crash` and `reopen` replace `engine`."""

    def __init__(self, make: Callable[[OwnClock], AnyEngine]) -> None:
        self.clock = OwnClock()
        self.answers = Answers()
        self._make = make
        self.engine = make(self.clock)

    async def open(self) -> Loaded:
        return await self.engine.log.open(self.answers.on_stored)

    async def crash(self) -> Loaded:
        """End as a dying process does, and open what is left."""
        if isinstance(self.engine, MemoryEngine):
            self.engine = self.engine.crash()
        else:
            await self.engine.abandon()
            self.engine = self._make(self.clock)
        return await self.open()

    async def reopen(self) -> Loaded:
        """End cleanly, and open again."""
        await self.engine.log.close()
        if isinstance(self.engine, SqliteEngine):
            self.engine = self._make(self.clock)
        return await self.open()

    async def append(
        self, *events: Event, principal: str = "anonymous", records: Sequence[Record] = ()
    ) -> Append:
        return await self.ask(*events, principal=principal, records=records)

    def ask(
        self, *events: Event, principal: str = "anonymous", records: Sequence[Record] = ()
    ) -> "asyncio.Future[Append]":
        answer: asyncio.Future[Append] = asyncio.get_running_loop().create_future()

        def done(append: Append) -> None:
            self.answers.order.append("append")
            answer.set_result(append)

        keys = b"".join(key(one) for one in events)
        self.engine.log.append(Append(events, keys, done, principal, records))
        return answer

    async def checkpoint(self, checkpoint: Checkpoint) -> HeadraceError | None:
        return await self.ask_checkpoint(checkpoint)

    def ask_checkpoint(self, checkpoint: Checkpoint) -> "asyncio.Future[HeadraceError | None]":
        answer: asyncio.Future[HeadraceError | None] = asyncio.get_running_loop().create_future()

        def done(error: HeadraceError | None) -> None:
            self.answers.order.append("checkpoint")
            answer.set_result(error)

        self.engine.log.checkpoint(checkpoint, done)
        return answer

    async def ids(self) -> list[str]:
        return [stored.event.id for stored in await self.engine.log.read(0, 10_000, 1 << 30)]


def key(one: Event) -> bytes:
    """A dedupe key as good as any: 8 bytes from the id."""
    return one.id.encode()[:8].ljust(8, b".")


def small_options(**more: object) -> SqliteOptions:
    """Without 64 MiB of reserve per test."""
    return SqliteOptions(**({"reserve_bytes": 65536} | more))  # type: ignore[arg-type]


def memory_store(_folder: Path | None = None) -> Store:
    return Store(MemoryEngine)


def sqlite_store(folder: Path) -> Store:
    return Store(lambda clock: SqliteEngine(folder / "b.db", clock, small_options()))


KINDS: dict[str, Callable[[Path], Store]] = {"memory": memory_store, "sqlite": sqlite_store}
