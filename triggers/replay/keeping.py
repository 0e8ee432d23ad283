"""The replay jobs of one partition: which there are, their lanes, how they come and go."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from broker.clock import Clock
from broker.errors import HeadraceError, Invalid
from broker.storage.engine import Engine
from broker.storage.rows import Loaded, Record
from broker.telemetry import Telemetry
from triggers.budget import Budget
from triggers.dispatcher import Dispatcher
from triggers.durable import Durable
from triggers.enrolment import Endpoint
from triggers.lane import Lane
from triggers.ledger import Ledger
from triggers.parking import Parking
from triggers.recall import Recall
from triggers.replay.feeder import Feeder
from triggers.replay.job import ENDED, PREFIX, ReplayJob, State, Written, decode, encode
from triggers.replay.lane import ReplayLane, Surroundings
from triggers.replay.pace import Share
from triggers.replay.restoring import restore
from triggers.router import Router
from triggers.settler import Settler
from triggers.tracing import Tracer
from triggers.trigger import TriggerSpec

OPEN_JOBS_MAX = 16
ENDED_JOBS_KEPT = 100
RECORDS_MAX = OPEN_JOBS_MAX + 2 * ENDED_JOBS_KEPT
GONE = "its trigger is no longer there"
ENDS_AS = {State.CANCELLING: State.CANCELLED, State.FAILING: State.FAILED}

Connect = Callable[[TriggerSpec, str], Endpoint]
"""The endpoint of a URL that a command named, not connected yet; raises Invalid."""


@dataclass(frozen=True, slots=True)
class Means:
    """What the jobs of a partition work with.

    `lanes` are its triggers'; `flush` gives back when all that is in the ledger is on disk;
    `defect` is told what must not happen.
    """

    engine: Engine
    loaded: Loaded
    lanes: Mapping[str, Lane]
    router: Router
    ledger: Ledger
    durable: Durable
    parking: Parking
    recall: Recall
    budget: Budget
    clock: Clock
    random: Callable[[], float]
    telemetry: Telemetry
    settler: Settler
    wake: Callable[[Lane], None]
    flush: Callable[[], Awaitable[None]]
    defect: Callable[[BaseException], None]
    connect: Connect | None
    tracer: Tracer | None


class Jobs:
    """Those that have not ended have a lane; of the others the latest are kept to be shown."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self.lanes: dict[str, ReplayLane] = {}  # by id
        self._ended: dict[str, Written] = {}  # oldest first
        self._shares: dict[str, Share] = {}  # by trigger
        # Of its own: the times of old events would drown those of what is stored now.
        self.dispatcher = Dispatcher(
            means.clock,
            means.settler,
            means.telemetry,
            means.parking.has_room_again,
            means.defect,
        )
        if means.tracer is not None:
            self.dispatcher.on_attempt = means.tracer.attempted
        self.feeder = Feeder(
            self,
            means.engine.log,
            means.ledger,
            means.durable,
            means.clock,
            means.wake,
            means.flush,
        )

    async def load(self) -> None:
        """Take up what earlier processes have left; call it when all triggers have lanes."""
        written = [
            decode(key.removeprefix(PREFIX), value)
            for key, value, _ in await self._means.engine.records.scan(PREFIX, limit=RECORDS_MAX)
        ]
        ended = [one for one in written if one.job.state in ENDED]
        ended.sort(key=lambda one: one.job.ended_at or one.job.created_at)
        self._ended = {one.job.id: one for one in ended}
        for one in written:
            if one.job.state not in ENDED:
                await self._take_up(one)
        self.feeder.ask()

    async def _take_up(self, written: Written) -> None:
        job, origin = written.job, self._means.lanes.get(written.job.trigger)
        try:
            if origin is None:
                raise Invalid(GONE)
            lane = self.make_lane(job, origin)
        except HeadraceError as error:
            await self._bury(written, str(error))
            return
        lane.totals = written.tally
        restore(lane, self._means.loaded, self._means.recall.ask)
        self.enrol(lane)

    async def _bury(self, written: Written, why: str) -> None:
        """Fail a job that can have no lane any more, and take its rows back."""
        means, job, tally = self._means, written.job, written.tally
        job = job.become(State.FAILING, why)

        def discard(rows: int) -> None:
            nonlocal tally
            tally = replace(tally, discarded=tally.discarded + rows)
            means.ledger.gone.append(job.lane_name)
            record = Record(PREFIX + job.id, encode(Written(job, tally, written.passed)))
            means.ledger.records.append(record)

        await self.feeder.take_back(job.lane_name, discard)
        job = job.become(State.FAILED, why, means.clock.now())
        discard(0)
        self._keep_ended(Written(job, tally, written.passed))
        await means.flush()

    def make_lane(self, job: ReplayJob, origin: Lane) -> ReplayLane:
        """The lane of a job, not yet enrolled. Raises Invalid where its sink is none."""
        means = self._means
        share: Share | None = None
        endpoint = endpoint_of(origin)
        if job.to_sink is None:
            share = self._share(job.trigger)
        elif means.connect is None:
            raise Invalid("no other sink can be called here", code="no-sink", where="to_sink")
        else:
            endpoint = means.connect(origin.spec, job.to_sink)
        around = Surroundings(
            means.ledger,
            means.loaded.log_id,
            means.budget,
            self.dispatcher.carry,
            share,
            call_ended=lambda _: self.feeder.ask(),
            asked_to_pause=self._asked_to_pause,
        )
        return ReplayLane(job, origin.spec, endpoint, around)

    def _share(self, trigger: str) -> Share:
        """One for all replays of a trigger."""
        if trigger not in self._shares:
            lanes = self._means.lanes
            self._shares[trigger] = Share(lambda: lanes.get(trigger), self._means.wake)
        return self._shares[trigger]

    def enrol(self, lane: ReplayLane) -> None:
        """Let the lane begin."""
        self.lanes[lane.job.id] = lane
        self._means.parking.add(lane)
        lane.began(self._means.clock.monotonic(), self._means.clock.now())
        self.feeder.ask()

    def find(self, id: str) -> Written | None:
        lane = self.lanes.get(id)
        return self._ended.get(id) if lane is None else lane.written()

    def all(self) -> list[Written]:
        """Those that have not ended, then the others; the latest first in both."""
        going = sorted(self.lanes.values(), key=lambda lane: lane.job.created_at, reverse=True)
        return [lane.written() for lane in going] + list(reversed(self._ended.values()))

    def pause(self, lane: ReplayLane, why: str) -> None:
        lane.job = lane.job.become(State.PAUSED, why)
        lane.is_paused = True
        lane.let_go()
        self._means.ledger.touch(lane)

    def _asked_to_pause(self, lane: ReplayLane, why: str) -> None:
        """An answer such as 410 stops the job that got it, and not the trigger."""
        if lane.job.state is State.RUNNING:
            self.pause(lane, why)
            self._means.telemetry.emit("replay.paused", job=lane.job.id, reason=why)

    def stop(self, lane: ReplayLane, state: State, why: str) -> None:
        """Cancel or fail: the feeder ends it when its last call has."""
        lane.job = lane.job.become(state, why)
        lane.stop()
        self._means.ledger.touch(lane)
        self.feeder.ask()

    def open_lanes(self) -> list[ReplayLane]:
        return list(self.lanes.values())

    def follow_origins(self) -> None:
        """Triggers have other sinks or policies: no job begins a call with the old ones."""
        for lane in self.open_lanes():
            self.follow_origin(lane)

    def follow_origin(self, lane: ReplayLane) -> None:
        origin = self._means.lanes.get(lane.job.trigger)
        if origin is None:
            if lane.is_open:
                self.stop(lane, State.FAILING, GONE)
            return
        is_elsewhere = lane.share is None
        lane.is_origin_paused = origin.is_paused and not is_elsewhere
        if not is_elsewhere:
            lane.companion = origin.companion
        endpoint = Endpoint(lane.sink, lane.target) if is_elsewhere else endpoint_of(origin)
        if lane.origin_spec is not origin.spec or endpoint.sink is not lane.sink:
            lane.adopt(origin.spec, endpoint)

    def end(self, lane: ReplayLane) -> None:
        means, job = self._means, lane.job
        ended = ENDS_AS.get(job.state, State.FINISHED)
        lane.job = job.become(ended, job.why, means.clock.now())
        lane.is_paused = True
        means.parking.remove(lane)
        means.ledger.touch(lane)
        del self.lanes[job.id]
        self._keep_ended(lane.written())
        means.telemetry.emit(
            "replay.ended",
            job=job.id,
            state=ended.value,
            delivered=lane.totals.delivered,
            dead=lane.totals.dead,
            why=job.why,
        )

    def _keep_ended(self, written: Written) -> None:
        """Show it as long as it is among the latest; then its record goes too."""
        self._ended[written.job.id] = written
        while len(self._ended) > ENDED_JOBS_KEPT:
            oldest = next(iter(self._ended))
            del self._ended[oldest]
            self._means.ledger.records.append(Record(PREFIX + oldest, None))


def endpoint_of(lane: Lane) -> Endpoint:
    return Endpoint(lane.sink, lane.target)
