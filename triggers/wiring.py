"""The wiring of a partition's start: each part that begins with the triggers is given what
it works with. What happens in which order is the partition's.
"""

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from broker.clock import Clock
from broker.storage.engine import Engine
from broker.storage.rows import Loaded
from broker.telemetry import Telemetry
from triggers.beginning import Beginning
from triggers.budget import Budget
from triggers.caution import Caution
from triggers.checkpointer import Checkpointer
from triggers.dispatcher import Dispatcher
from triggers.durable import Durable
from triggers.enrolment import Enrolment
from triggers.expiry import PREFIX as AWAY
from triggers.expiry import RECORDS_MAX as AWAY_MAX
from triggers.expiry import Expiry
from triggers.failures import Failures
from triggers.groups import Announcer, Announcing, GroupBook, GroupDesk, Watch
from triggers.lane import Carry, Lane
from triggers.ledger import Ledger
from triggers.parking import Parking
from triggers.poison import Suspects
from triggers.recall import Recall
from triggers.redrive import LetterDesk, PlanMeans, Reach, Redrives, Returning
from triggers.redrive.detours import DetourSurroundings
from triggers.replay.keeping import Connect, Means
from triggers.replay.verbs import Replays
from triggers.revisions import Revisions
from triggers.roster import Roster
from triggers.router import Router
from triggers.settler import ReplyDoor, Settler
from triggers.steering import Steering
from triggers.steering.parts import Parts
from triggers.tracing import Tracer
from triggers.trials import Trials

if TYPE_CHECKING:  # a partition without files does without the modules that tend them
    from triggers.file_jobs.verbs import FileJobs


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a partition has from its making on. `wake` gives a lane to the pool, `defect` is
    told what must not happen.
    """

    name: str
    engine: Engine
    budget: Budget
    clock: Clock
    random: Callable[[], float]
    telemetry: Telemetry
    ledger: Ledger
    router: Router
    parking: Parking
    recall: Recall
    checkpointer: Checkpointer
    durable: Durable
    revisions: Revisions
    roster: Roster
    wake: Callable[[Lane], None]
    defect: Callable[[BaseException], None]

    def failures(self, on_pause: Callable[[Lane, str], None]) -> Failures:
        return Failures(
            self.name, self.ledger, self.clock, self.random, self.telemetry,
            on_turn=self.recall.ask, on_pause=on_pause,
        )  # fmt: skip

    def desk(self, failures: Failures) -> LetterDesk:
        returning = Returning(self.roster.lanes, self.ledger, failures, self.wake, self.clock)
        return LetterDesk(self.engine.desk, self.ledger, self.checkpointer, returning, self.clock)

    async def groups(
        self,
        announcing: Announcing | None,
        begin: Callable[[Callable[[], Coroutine[Any, Any, None]]], None],
    ) -> GroupDesk:
        desk, records = self.engine.desk, self.engine.records
        book = GroupBook(records, self.ledger, self.checkpointer)
        await book.load()
        watch: Watch | None = None
        if announcing is not None:
            announcer = Announcer(self.name, announcing.door, self.clock)
            watch = Watch(
                self.name, desk, records, book, announcer, self.clock, announcing.expiring_before
            )
            begin(watch.run)
        return GroupDesk(self.name, desk, book, watch, self.clock)

    def redrives(
        self,
        letters: LetterDesk,
        groups: GroupDesk,
        announcing: Announcing | None,
        loaded: Loaded,
        carry: Carry,
        reach: Reach | None,
    ) -> Redrives:
        before = announcing.expiring_before if announcing is not None else lambda: None
        means = PlanMeans(
            self.name, self.engine, self.ledger, self.checkpointer, self.roster.lanes, self.clock,
            self.random, before, reach,
        )  # fmt: skip
        around = DetourSurroundings(
            self.roster.lanes, self.ledger, self.parking, self.engine.log, self.clock, self.budget,
            loaded, carry, self.random, reach,
        )  # fmt: skip
        return Redrives(means, letters, self.telemetry, groups.announce, around)

    def settler(self, door: ReplyDoor, failures: Failures, tracer: Tracer | None) -> Settler:
        settler = Settler(self.ledger, door, self.clock, failures, self.checkpointer.changed)
        if tracer is not None:
            settler.on_reply = tracer.replied
        return settler

    def dispatcher(
        self, settler: Settler, on_room: Callable[[Lane], None], tracer: Tracer | None
    ) -> Dispatcher:
        dispatcher = Dispatcher(self.clock, settler, self.telemetry, on_room, self.defect)
        if tracer is not None:
            dispatcher.on_attempt = tracer.attempted
        return dispatcher

    def enrolment(self, loaded: Loaded, carry: Carry) -> Enrolment:
        return Enrolment(
            loaded, self.engine.log, self.ledger, self.budget, self.clock, self.telemetry,
            carry, self.revisions,
        )  # fmt: skip

    def beginning(self, loaded: Loaded, enrolment: Enrolment) -> Beginning:
        return Beginning(
            loaded, self.revisions, enrolment, self.roster, self.ledger, self.telemetry
        )

    def steering(
        self,
        enrolment: Enrolment,
        failures: Failures,
        go_on: Callable[[Lane], None],
        caution: Callable[[], Caution | None],
        begin: Callable[[Callable[[], Coroutine[Any, Any, None]]], None],
    ) -> Steering:
        parts = Parts(
            self.name, self.engine.log, self.ledger, self.router, self.roster, self.parking,
            self.durable, self.revisions, enrolment, failures, self.clock, self.telemetry,
            self.checkpointer.flush, self.wake, go_on, caution,
        )  # fmt: skip
        return Steering(parts, begin)

    async def expiry(
        self,
        failures: Failures,
        settler: Settler,
        lanes: Callable[[], Iterable[Lane]],
        on_room: Callable[[Lane], None],
    ) -> Expiry:
        expiry = Expiry(lanes, self.ledger, failures, self.clock, settler.settled, on_room)
        expiry.load(await self.engine.records.scan(AWAY, limit=AWAY_MAX))
        return expiry

    def trials(self, suspects: Suspects) -> Trials:
        return Trials(suspects, self.ledger, self.telemetry, self.checkpointer.changed)

    def replays(
        self, loaded: Loaded, settler: Settler, connect: Connect | None, tracer: Tracer | None
    ) -> Replays:
        return Replays(Means(
            self.engine, loaded, self.roster.lanes, self.router, self.ledger, self.durable,
            self.parking, self.recall, self.budget, self.clock, self.random, self.telemetry,
            settler, self.wake, self.checkpointer.flush, self.defect, connect, tracer,
        ))  # fmt: skip

    def file_jobs(self, door: ReplyDoor, is_held: Callable[[], bool]) -> "FileJobs":
        from triggers.file_jobs.means import Means as FileMeans
        from triggers.file_jobs.verbs import FileJobs

        return FileJobs(FileMeans(
            self.name, self.engine, self.ledger, self.roster.lanes, door, self.clock,
            self.telemetry, self.checkpointer.changed, self.checkpointer.flush, is_held,
            self.defect,
        ))  # fmt: skip
