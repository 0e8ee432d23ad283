"""One partition at work: what is stored is routed, delivered, settled and written down.

Begins and ends the walk of an event, and owns its tasks; each step is a module of its own:
router, reader, pool, dispatcher, settler, failures, ledger, checkpointer, parking, recall.
What is given to which of them at the start is said in wiring.
"""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from broker.clock import Clock
from broker.event import StoredEvent
from broker.storage.engine import Engine
from broker.storage.rows import Checkpoint, Loaded
from broker.telemetry import Telemetry
from sinks.sink import Sink
from triggers.budget import Budget
from triggers.caution import Caution, bare
from triggers.checkpointer import Checkpointer
from triggers.dispatcher import Dispatcher
from triggers.durable import Durable
from triggers.enrolment import Wired
from triggers.failures import Failures
from triggers.groups import Announcing, GroupDesk
from triggers.jobs import Jobs
from triggers.lane import Lane
from triggers.ledger import Ledger
from triggers.leftover import leftovers
from triggers.overflow import Overflow
from triggers.parking import Parking
from triggers.poison import PREFIX, RECORDS_MAX, Suspects, is_suspicious
from triggers.pool import Pool
from triggers.reader import Reader
from triggers.recall import Recall
from triggers.redrive import LetterDesk, Reach, Redrives
from triggers.replay.keeping import Connect
from triggers.replay.verbs import Replays
from triggers.revisions import Revisions
from triggers.roster import Roster
from triggers.router import Router
from triggers.settler import ReplyDoor
from triggers.steering import Steering
from triggers.tasks import Tasks
from triggers.tracing import Tracer
from triggers.wiring import Wiring

if TYPE_CHECKING:  # a partition without files does without the modules that tend them
    from triggers.file_jobs.verbs import FileJobs

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
        self.loaded: Loaded | None = None
        self._pool = pool
        self._clock = clock
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
        self.revisions = Revisions()
        self._roster = Roster(self.router, self.parking, self._recall, self.ledger)
        self.lanes = self._roster.lanes
        self._steering: Steering | None = None
        self._overflow: Overflow | None = None
        self._suspects = Suspects()
        self._caution: Caution | None = None
        self._tasks = Tasks(self._defect)
        self._wiring = Wiring(
            name, engine, budget, clock, random, telemetry, self.ledger, self.router,
            self.parking, self._recall, self._checkpointer, self.durable, self.revisions,
            self._roster, pool.wake, self._defect,
        )  # fmt: skip
        self.dispatcher: Dispatcher | None = None
        self._door: ReplyDoor | None = None
        self.desk: LetterDesk | None = None  # since `start`
        self.on_failure: Callable[[BaseException], None] | None = None
        self.tracer: Tracer | None = None  # set before `start`, if at all
        self.connect: Connect | None = None  # too: other sinks for replays
        self.reach: Reach | None = None  # too: other sinks, and brokers, for redrives
        self.announcing: Announcing | None = None  # too: where what comes about is told
        self.groups: GroupDesk | None = None  # since `start`
        self.jobs = Jobs(self._wiring, self._tasks.begin, lambda: pool.is_held)

    async def open(self) -> Loaded:
        """Own the partition and load it; nothing is delivered yet."""
        self.loaded = await self.engine.log.open(self._stored)
        self.router.routed = self.loaded.last_offset
        self.durable.load(self.loaded)
        for revision in self.loaded.revisions:
            self.revisions.add(revision)
        # What is left of an earlier caution counts too: a supervisor that waits longer and
        # longer before each start must not make us forget.
        records = await self.engine.records.scan(PREFIX, limit=RECORDS_MAX)
        self._suspects = Suspects(records)
        if records or is_suspicious(self.loaded.unclean_ends, self._clock.now()):
            self._pool.turn.doubt([self.name])
        return self.loaded

    def removing(self, configured: Collection[str]) -> Sequence[tuple[str, bytes]]:
        """Triggers not in `configured` that still have something to do: name, stored document.

        Whoever can make their sinks hands them to `start`; the others keep their place.
        """
        assert self.loaded is not None, "open first"
        found = leftovers(self.loaded, self.revisions, configured)
        return [(one.name, one.document) for one in found if one.is_open]

    async def start(
        self, wired: Sequence[Wired], door: ReplyDoor, removing: Sequence[Wired] = ()
    ) -> None:
        """Begin to route and deliver for the triggers of `wired`; finish those `removing`."""
        assert self.loaded is not None, "open first"
        self._door = door
        wiring = self._wiring
        failures = wiring.failures(self._pause)
        self._overflow = Overflow(self.engine.log, failures)
        self.desk = wiring.desk(failures)
        settler = wiring.settler(door, failures, self.tracer)
        self.dispatcher = wiring.dispatcher(settler, self._has_room_again, self.tracer)
        enrolment = wiring.enrolment(self.loaded, self.dispatcher.carry)
        beginning = wiring.beginning(self.loaded, enrolment)
        await beginning.enrol(wired, removing, self._clock.now())
        self._steering = wiring.steering(
            enrolment, failures, self._go_on, lambda: self._caution, self._tasks.begin
        )
        if self.name in self._pool.turn.doubting:
            self._be_cautious(failures, self.loaded.last_offset)
        # Revisions are on disk before anything is routed under them.
        await self._checkpointer.flush()
        await self.jobs.begin_files(door)
        expiry = await wiring.expiry(failures, settler, self.jobs.all_lanes, self._has_room_again)
        self.groups = await wiring.groups(self.announcing, self._tasks.begin)
        await self.jobs.begin_redrives(
            self.desk, self.groups, self.announcing, self.loaded, self.dispatcher.carry, self.reach
        )
        for run in (self.reader.run, self.parking.run, self._recall.run, expiry.run):
            self._tasks.begin(run)
        self.reader.ask()
        for lane in self.lanes.values():
            self._pool.wake(lane)
        await self.jobs.begin_replays(self.loaded, settler, self.connect, self.tracer)
        self.steering.on_applied = self.jobs.applied

    @property
    def replays(self) -> Replays | None:
        """Since `start`."""
        return self.jobs.replays

    @property
    def redrives(self) -> Redrives | None:
        """Since `start`."""
        return self.jobs.redrives

    @property
    def files(self) -> "FileJobs | None":
        """Once a trigger has a FileBatch, or had one."""
        return self.jobs.files

    @property
    def steering(self) -> Steering:
        """What an operator does to the triggers; since `start`."""
        assert self._steering is not None, "start first"
        return self._steering

    def _pause(self, lane: Lane, why: str) -> None:
        self.steering.pause_by_answer(lane, why)

    def _go_on(self, lane: Lane) -> None:
        """It was paused or held, and is not any more."""
        self.reader.ask()
        self.parking.look()
        self._pool.wake(lane)

    def _be_cautious(self, failures: Failures, last_offset: int) -> None:
        trials = self._wiring.trials(self._suspects)
        caution = self._caution = self.reader.caution = Caution(
            self.name, self._pool.turn, trials, self.router, failures, self._clock
        )
        caution.watch(self.lanes.values(), last_offset, self.reader.hungry)
        self._tasks.begin(lambda: caution.run(self._pool.wake))

    def _defect(self, error: BaseException) -> None:
        if self.on_failure is not None:
            self.on_failure(error)

    def _stored(self, group: Sequence[StoredEvent]) -> None:
        if self.tracer is not None:
            self.tracer.stored(group)
        for lane in self.router.route(group):
            self._pool.wake(lane)
        if self.router.behind:
            self.reader.ask()
        self._checkpointer.changed()

    def _has_room_again(self, lane: Lane) -> None:
        if not lane.is_following:
            self.reader.ask()
            self.steering.call_ended(lane)
        self.parking.has_room_again(lane)

    def _stand(self) -> tuple[int, int]:
        return self.router.routed, self.router.lowest_without_row(self.ledger.touched)

    def _committed(self, checkpoint: Checkpoint) -> None:
        self.durable.note(checkpoint)
        self.parking.committed(checkpoint)
        for part in (self._steering, self.groups, self.jobs):
            if part is not None:
                part.committed(checkpoint)
        if self._caution is not None:
            self._caution.trials.committed(checkpoint)
        if checkpoint.replies and self._door is not None:
            self._door.replies_stored(checkpoint.replies)
        if self.ledger.is_blocking:
            self.ledger.is_blocking = False
            for lane in self.lanes.values():
                self._pool.wake(lane)

    def sinks(self) -> set[Sink]:
        """Those that its triggers and replays call, or may still wait for."""
        called = {lane.sink for lane in self.lanes.values()} | self.jobs.sinks()
        return {bare(sink) for sink in called}

    def is_pressed(self) -> bool:
        """Deliveries queue in memory: those that the last commit brought wait behind many."""
        return any(
            len(lane.queue) > PRESSED_EVENTS and lane.is_following for lane in self.router.woken
        )

    @property
    def checkpoint_failures(self) -> int:
        return self._checkpointer.failures

    def note_progress(self) -> None:
        """Write down how far routing is, even if nothing matched; called every few seconds."""
        if self.durable.routed < self.router.lowest_without_row():
            self.ledger.has_moved = True
        self._checkpointer.changed()  # also for a lane that has caught up and settled nothing

    async def overflow(self, up_to: int) -> None:
        """Backlogs at or before `up_to` are too much: bury those of triggers that say so."""
        assert self._overflow is not None, "start first"
        await self._overflow.bury_all(list(self.lanes.values()), up_to, self._checkpointer.flush)

    def lowest_needed(self) -> int:
        """The first offset that a restart would still need: by what is on disk, not in memory."""
        return self.jobs.lowest_needed(self.durable.lowest_needed())

    async def drain(self) -> None:
        """Write down what has been settled, and how far routing is."""
        self.note_progress()
        await self._checkpointer.flush()

    async def close(self) -> None:
        if self.dispatcher is not None:
            self.dispatcher.close()
        await self.jobs.close()
        await self._tasks.close()
        if self._caution is not None:
            self._caution.trials.close()
        await self.engine.log.close()
