"""One partition at work: what is stored is routed, delivered, settled and written down.

Wires the walk of an event together and owns its tasks; each step is a module of its own:
router, reader, pool, dispatcher, settler, failures, ledger, checkpointer, parking, recall.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from broker.clock import Clock
from broker.event import StoredEvent
from broker.storage.engine import Engine
from broker.storage.rows import Checkpoint, Cursor, Loaded, TriggerState
from broker.telemetry import Telemetry
from triggers.caution import Caution
from triggers.checkpointer import Checkpointer
from triggers.dispatcher import Dispatcher
from triggers.durable import Durable
from triggers.enrolment import Enrolment, Wired
from triggers.failures import Failures
from triggers.lane import Budget, Lane
from triggers.ledger import Ledger
from triggers.overflow import Overflow
from triggers.parking import Parking
from triggers.poison import PREFIX, RECORDS_MAX, Suspects, is_suspicious
from triggers.pool import Pool
from triggers.reader import Reader
from triggers.recall import Recall
from triggers.router import Router
from triggers.settler import ReplyDoor, Settler
from triggers.standing import left_behind, removed
from triggers.trials import Trials

PRESSED_EVENTS = 256


class Partition:
    """One broker's only partition in the embedded engine.

    `open` loads; then the caller readies intake; then `start` begins to deliver. After
    `start`, everything that is stored is routed by itself.
    """

    def __init__(
        self,
        name: str,
        engine: Engine,
        pool: Pool,
        budget: Budget,
        clock: Clock,
        random: Callable[[], float],
        telemetry: Telemetry,
    ) -> None:
        self.name = name
        self.engine = engine
        self.lanes: dict[str, Lane] = {}
        self.loaded: Loaded | None = None
        self._pool = pool
        self._budget = budget
        self._clock = clock
        self._random = random
        self._telemetry = telemetry
        self.ledger = Ledger()
        self.router = Router()
        log = engine.log
        self.reader = Reader(log, self.router, pool.wake)
        self.parking = Parking(log, clock, pool.wake)
        self._recall = Recall(log, pool.wake)
        self._checkpointer = Checkpointer(
            name, log, self.ledger, clock, telemetry, self._stand, self._committed
        )
        self.durable = Durable()
        self._overflow: Overflow | None = None
        self._suspects = Suspects()
        self._caution: Caution | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.dispatcher: Dispatcher | None = None
        self._door: ReplyDoor | None = None
        self.on_failure: Callable[[BaseException], None] | None = None

    async def open(self) -> Loaded:
        """Own the partition and load it; nothing is delivered yet."""
        self.loaded = await self.engine.log.open(self._stored)
        self.router.routed = self.loaded.last_offset
        self.durable.load(self.loaded)
        # What is left of an earlier caution counts too: a supervisor that waits longer and
        # longer before each start must not make us forget.
        records = await self.engine.records.scan(PREFIX, limit=RECORDS_MAX)
        self._suspects = Suspects(records)
        if records or is_suspicious(self.loaded.unclean_ends, self._clock.now()):
            self._pool.turn.doubt([self.name])
        return self.loaded

    async def start(self, wired: Sequence[Wired], door: ReplyDoor) -> None:
        """Begin to route and deliver for the triggers of `wired`."""
        assert self.loaded is not None, "open first"
        self._door = door
        failures = Failures(
            self.name,
            self.ledger,
            self._clock,
            self._random,
            self._telemetry,
            on_turn=self._recall.ask,
            on_pause=self.pause,
        )
        self._overflow = Overflow(self.engine.log, failures)
        settler = Settler(
            self.ledger, door, self._clock, failures, on_settled=self._checkpointer.changed
        )
        self.dispatcher = Dispatcher(
            self._clock, settler, self._telemetry, self._has_room_again, self._defect
        )
        enrolment = Enrolment(
            self.loaded,
            self.engine.log,
            self.ledger,
            self._budget,
            self._clock,
            self._telemetry,
            self.dispatcher.carry,
        )
        for one in wired:
            start_offset = await enrolment.start_offset(one.spec)
            self._enrol(enrolment.enrol(one, start_offset))
        self._leave_behind(self.loaded, frozenset(one.spec.name for one in wired))
        if self.name in self._pool.turn.doubting:
            self._be_cautious(failures, self.loaded.last_offset)
        # Revisions are on disk before anything is routed under them.
        await self._checkpointer.flush()
        for run in (self.reader.run, self.parking.run, self._recall.run):
            self._begin(run)
        self.reader.ask()
        for lane in self.lanes.values():
            self._pool.wake(lane)

    def _be_cautious(self, failures: Failures, last_offset: int) -> None:
        trials = Trials(self._suspects, self.ledger, self._telemetry, self._checkpointer.changed)
        caution = self._caution = self.reader.caution = Caution(
            self.name, self._pool.turn, trials, self.router, failures, self._clock
        )
        caution.watch(self.lanes.values(), last_offset, self.reader.hungry)
        self._begin(lambda: caution.run(self._pool.wake))

    def _begin(self, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = asyncio.get_running_loop().create_task(run())
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()):
            self._defect(error)

    def _defect(self, error: BaseException) -> None:
        if self.on_failure is not None:
            self.on_failure(error)

    def _enrol(self, lane: Lane) -> None:
        self.lanes[lane.name] = lane
        self.router.enrol(lane)
        for one in (lane, lane.companion):
            if one is not None:
                self.lanes[one.name] = one
                self.parking.add(one)
        for key in lane.turns.orphans() if lane.turns is not None else ():
            offset = lane.turns.release(key) if lane.turns is not None else None
            assert isinstance(offset, int)
            self._recall.ask(lane, offset, key)

    def _leave_behind(self, loaded: Loaded, configured: frozenset[str]) -> None:
        """Triggers that are no longer configured: one with nothing open ends here.

        One with a backlog keeps its place, and what it needs in the log, until it is
        configured again.
        """
        for name in left_behind(loaded, configured):
            has_row = name in loaded.cursors
            is_level = loaded.routed >= loaded.last_offset
            is_open = has_row or name in loaded.parked or not is_level
            self._telemetry.emit("trigger.left", trigger=name, has_backlog=is_open)
            if not is_open:
                self.ledger.revisions.append(removed(name, loaded, self._clock.now()))
            elif not has_row:
                # No lane holds routing back for it: what it leaned on will be written farther.
                self.ledger.left.append(Cursor(name, loaded.routed))

    def _stored(self, group: Sequence[StoredEvent]) -> None:
        for lane in self.router.route(group):
            self._pool.wake(lane)
        if self.router.behind:
            self.reader.ask()
        self._checkpointer.changed()

    def _has_room_again(self, lane: Lane) -> None:
        if not lane.is_following:
            self.reader.ask()
        self.parking.has_room_again(lane)

    def _stand(self) -> tuple[int, int]:
        return self.router.routed, self.router.lowest_without_row()

    def _committed(self, checkpoint: Checkpoint) -> None:
        self.durable.note(checkpoint)
        self.parking.committed(checkpoint)
        if self._caution is not None:
            self._caution.trials.committed(checkpoint)
        if checkpoint.replies and self._door is not None:
            self._door.replies_stored(checkpoint.replies)
        if self.ledger.is_blocking:
            self.ledger.is_blocking = False
            for lane in self.lanes.values():
                self._pool.wake(lane)

    def pause(self, lane: Lane, why: str) -> None:
        """Stop beginning deliveries of `lane`; it keeps its place, also over a restart."""
        lane.is_paused = True
        self.ledger.states.append(
            TriggerState(lane.name, paused=True, reason=why, by="answer", since=self._clock.now())
        )
        self._telemetry.emit("trigger.paused", trigger=lane.name, reason=why)

    def is_pressed(self) -> bool:
        """Deliveries queue in memory: those that the last commit brought wait behind many."""
        return any(
            len(lane.queue) > PRESSED_EVENTS and lane.is_following for lane in self.router.woken
        )

    def note_progress(self) -> None:
        """Write down how far routing is, even if nothing matched; called every few seconds."""
        if self.durable.routed < self.router.lowest_without_row():
            self.ledger.has_moved = True
            self._checkpointer.changed()

    async def overflow(self, up_to: int) -> None:
        """Backlogs at or before `up_to` are too much: bury those of triggers that say so."""
        assert self._overflow is not None, "start first"
        for lane in list(self.lanes.values()):
            if lane.spec.on_full == "dead-letter" and not lane.is_companion:
                while await self._overflow.bury(lane, up_to):
                    await self._checkpointer.flush()

    def lowest_needed(self) -> int:
        """The first offset that a restart would still need: by what is on disk, not in memory."""
        return self.durable.lowest_needed()

    async def drain(self) -> None:
        """Write down what has been settled, and how far routing is."""
        self.note_progress()
        await self._checkpointer.flush()

    async def close(self) -> None:
        if self.dispatcher is not None:
            self.dispatcher.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._caution is not None:
            self._caution.trials.close()
        await self.engine.log.close()
