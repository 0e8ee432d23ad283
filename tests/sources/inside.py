"""The inside of a source under test: a real door, log and record book, that outlive a crash."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from broker.clock import Clock, SteadyClock
from broker.errors import HeadraceError
from broker.event import StoredEvent
from broker.intake import Intake
from broker.intake_options import IntakeOptions
from broker.storage.memory.engine import MemoryEngine
from deploy.sources.outlet import SourceOutlet
from sources.source import Source, SourceSupplies
from sources.spec import SourceSpec
from sources.standing import Standing

DEADLINE_SECONDS = 60.0


class Inside:
    """`await open()`, then `start(source, spec)`; `crash()` keeps only what was committed."""

    def __init__(
        self,
        clock: Clock | None = None,
        options: IntakeOptions | None = None,
        environment: Mapping[str, str] | None = None,
        seed: int = 1,
    ) -> None:
        self.clock = clock or SteadyClock()
        self.chance = random.Random(seed).random
        self.supplies = SourceSupplies(self.clock, self.chance, environment or {})
        self.notices: list[str] = []
        self.connections = 0
        self.refusal: HeadraceError | None = None  # set: the broker takes nothing for now
        self.standing = Standing(self._connected, self.notices.append)
        self._options = options or IntakeOptions()
        self._engine = MemoryEngine(self.clock)
        self._intake: Intake | None = None
        self.running: asyncio.Task[None] | None = None

    def _connected(self) -> None:
        self.connections += 1

    async def open(self) -> None:
        log = self._engine.log
        loaded = await log.open(lambda _: None)
        self._intake = Intake(
            "default/default",
            log,
            self.clock,
            self.chance,
            self._options,
            refuse=lambda: self.refusal,
        )
        await self._intake.open(loaded.stored_at)

    def outlet(self, spec: SourceSpec) -> SourceOutlet:
        assert self._intake is not None
        return SourceOutlet(
            spec, self._intake, self._engine.records, self.standing, self.clock, self.chance
        )

    def start(self, source: Source, spec: SourceSpec) -> "asyncio.Task[None]":
        """Let `source` run; the task ends with what it raises."""
        self.running = asyncio.create_task(source.run(self.outlet(spec)))
        return self.running

    async def stop(self) -> None:
        """As a process does that stops, or pauses a source."""
        running, self.running = self.running, None
        if running is not None:
            running.cancel()
            with suppress(asyncio.CancelledError, HeadraceError, OSError):
                await running

    async def crash(self) -> None:
        """All that was not committed is gone; the next `start` finds what a restart would."""
        engine = self._engine.crash()
        await self.stop()
        if self._intake is not None:
            self._intake.close()
        self._engine = engine
        await self.open()

    async def close(self) -> None:
        await self.stop()
        if self._intake is not None:
            self._intake.close()
        await self._engine.log.close()

    async def stored(self) -> list[StoredEvent]:
        """All events of the log, in order."""
        found: list[StoredEvent] = []
        while page := await self._engine.log.read(
            found[-1].offset if found else 0, 1000, 8 * 1024 * 1024
        ):
            found += page
        return found

    async def until_stored(
        self, count: int, seconds: float = DEADLINE_SECONDS
    ) -> list[StoredEvent]:
        """The log once it holds at least `count` events; what the source raised is raised."""
        found: list[StoredEvent] = []

        async def are_stored() -> bool:
            nonlocal found
            found = await self.stored()
            return len(found) >= count

        deadline = time.monotonic() + seconds
        while not await are_stored():
            if self.running is not None and self.running.done():
                self.running.result()
            assert time.monotonic() < deadline, f"{len(found)} of {count} events came"
            await asyncio.sleep(0.01)
        return found

    async def until(self, reached: Callable[[], bool], seconds: float = DEADLINE_SECONDS) -> None:
        """Wait until it is so; what the source raised meanwhile is raised."""
        deadline = time.monotonic() + seconds
        while not reached():
            if self.running is not None and self.running.done():
                self.running.result()
            assert time.monotonic() < deadline, "it never came to that"
            await asyncio.sleep(0.01)
