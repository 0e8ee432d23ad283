"""The detours of a partition: which there are, how they come, and how they go."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from broker.clock import Clock
from broker.errors import HeadraceError, Invalid
from broker.storage.log import Log
from broker.storage.rows import DeadState, Loaded, Move, Place
from sinks.sink import Sink
from sinks.spec import FileSinkSpec
from sinks.target import Target
from triggers.budget import Budget
from triggers.edits import letter_of
from triggers.enrolment import Endpoint
from triggers.lane import Carry, Lane
from triggers.ledger import Ledger
from triggers.mending import FAR_AWAY
from triggers.parking import Parking
from triggers.redrive.acts import WHY
from triggers.redrive.detour import AbsentSink, DetourLane, DetourMeans, lane_name
from triggers.redrive.job import RedriveJob
from triggers.redrive.reach import OtherSink, Reach

ROWS_READ = 250  # at once, of rows that nobody carries any more


@dataclass(frozen=True, slots=True)
class DetourSurroundings:
    """`lanes` are the triggers', `loaded` what the store had at the start."""

    lanes: Mapping[str, Lane]
    ledger: Ledger
    parking: Parking
    log: Log
    clock: Clock
    budget: Budget
    loaded: Loaded
    carry: Carry
    random: Callable[[], float]
    reach: Reach | None


class Detours:
    """`pause(job, why)` is told where a sink's answer asks for it.

    A job keeps the sink that it began with, whatever a reload makes of its name; after a
    restart it is what the configuration says then.
    """

    def __init__(self, means: DetourSurroundings, pause: Callable[[str, str], None]) -> None:
        self._means = means
        self._pause = pause
        self.lanes: dict[str, DetourLane] = {}  # by name
        self._sinks: dict[str, OtherSink] = {}  # by job

    async def open(self, job: str, sink: str, broker: str) -> None:
        """Have the sink of a job that is to begin. Raises Invalid, Unavailable."""
        if self._means.reach is None:
            raise Invalid("no other sink can be called here", code="no-sink", where="to_sink")
        self._sinks[job] = await self._means.reach.sink(sink, broker)

    async def restore(self, job: RedriveJob) -> None:
        """Go on with what an earlier process has left of `job`."""
        assert job.aim.sink is not None, "it goes to another sink"
        try:
            await self.open(job.id, job.aim.sink, job.broker)
        except HeadraceError as error:
            sink = AbsentSink(job.aim.sink, str(error))
            endpoint = Endpoint(sink, Target(sink.name, self._means.random))
            # No spec is a sink's that is not there; a file's asks for nothing.
            self._sinks[job.id] = OtherSink(FileSinkSpec(sink.name, ""), endpoint)
        for strand in job.strands:
            if self.lane_of(job.id, strand.trigger) is None:
                await self._give_back(lane_name(job.id, strand.trigger))

    async def _give_back(self, name: str) -> None:
        """The trigger of a detour is gone, and its policy with it: what was under way is dead."""
        means, seen = self._means, set[Place]()
        while rows := (await means.log.due(name, FAR_AWAY, ROWS_READ, frozenset(seen)))[0]:
            for row in rows:
                seen.add(row.place)
                means.ledger.unparked.append(row.place)
                means.ledger.moves.append(
                    Move(
                        letter_of(row), (DeadState.REDRIVING,), DeadState.DEAD,
                        means.clock.now(), "headrace", WHY["trigger-gone"],
                    )
                )  # fmt: skip

    def lane_of(self, job: str, trigger: str) -> DetourLane | None:
        """The detour of a job around `trigger`; None where that is not configured any more."""
        name = lane_name(job, trigger)
        if (lane := self.lanes.get(name)) is not None:
            return lane
        means, origin = self._means, self._means.lanes.get(trigger)
        if origin is None or origin.is_companion:
            return None
        lane = DetourLane(
            name,
            origin,
            lambda: means.lanes.get(trigger),
            self._sinks[job],
            DetourMeans(
                means.ledger, means.loaded.log_id, means.budget, means.carry,
                lambda why: self._pause(job, why),
            ),
        )  # fmt: skip
        if (parked := means.loaded.parked.get(name)) is not None:
            lane.parked_count, lane.next_due_at = parked.count, parked.next_due_at
        self.lanes[name] = lane
        means.parking.add(lane)
        return lane

    def close(self, job: str) -> None:
        """Nothing of it is under way any more."""
        self._sinks.pop(job, None)
        for name in [name for name in self.lanes if name.startswith(lane_name(job, ""))]:
            self._means.parking.remove(self.lanes.pop(name))

    def sinks(self) -> Iterable[Sink]:
        """Those that must stay open."""
        return [other.endpoint.sink for other in self._sinks.values()]
