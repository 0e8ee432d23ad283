"""Ways: how the dead letters of a redrive go where it aims, a slice at a time."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from broker.errors import Unavailable
from broker.telemetry import Telemetry
from sinks.sink import Sink
from triggers.lane import Lane
from triggers.redrive.desk import LetterDesk, Sending
from triggers.redrive.detours import Detours
from triggers.redrive.job import RedriveJob
from triggers.redrive.reach import OtherBroker, Reach
from triggers.redrive.republishing import Republishing
from triggers.redrive.watching import Watching

PauseJob = Callable[[str, str], None]


class Ways:
    """`pause(job, why)` is called where a job cannot go on by itself."""

    def __init__(
        self,
        letters: LetterDesk,
        lanes: Mapping[str, Lane],
        detours: Detours,
        republishing: Republishing,
        reach: Reach | None,
        telemetry: Telemetry,
        pause: PauseJob,
        watching: Watching,
    ) -> None:
        self._letters = letters
        self._lanes = lanes
        self._detours = detours
        self._republishing = republishing
        self._reach = reach
        self._telemetry = telemetry
        self._pause = pause
        self._watching = watching

    async def begin(self, job: RedriveJob) -> None:
        """Before anything is sent. Raises Invalid, Unavailable: then there is no such job."""
        if job.aim.sink is not None:
            await self._detours.open(job.id, job.aim.sink, job.broker)

    async def restore(self, job: RedriveJob) -> None:
        """What an earlier process has left, also of one that has ended."""
        if job.aim.sink is not None and job.ended_at is None:
            await self._detours.restore(job)
        if (broker := self._broker_of(job)) is not None:
            await self._republishing.recover(job, broker)

    def end(self, job: RedriveJob) -> None:
        self._detours.close(job.id)
        self._republishing.forget(job.id)

    def lane_of(self, job: RedriveJob, trigger: str) -> Lane | None:
        """That which carries dead letters of `trigger`; None where none does, or none can."""
        if job.aim.broker is not None:
            return None
        if job.aim.sink is not None:
            return self._detours.lane_of(job.id, trigger)
        return self._lanes.get(trigger)

    async def send(self, job: RedriveJob, ids: Sequence[str], sending: Sending) -> None:
        """The first of `ids`; which those are, `sending` is told."""
        if job.aim.broker is not None:
            await self._publish(job, ids, sending)
            return
        lane_of = partial(self.lane_of, job)
        await self._letters.send_back(ids, job.by, f"job {job.id}", sending, lane_of)

    async def _publish(self, job: RedriveJob, ids: Sequence[str], sending: Sending) -> None:
        if (broker := self._broker_of(job)) is None:
            self._pause(job.id, f"there is no broker {job.aim.broker} any more")
            return
        try:
            with self._watching.busy(job.id):
                await self._republishing.send(job, broker, ids, sending)
        except Unavailable as error:  # it takes nothing now: the same ids are sent again
            self._telemetry.emit("redrive.stalled", error=str(error))

    def _broker_of(self, job: RedriveJob) -> OtherBroker | None:
        if job.aim.broker is None or self._reach is None:
            return None
        return self._reach.broker(job.aim.broker)

    def lanes(self) -> Sequence[Lane]:
        """All detours."""
        return list(self._detours.lanes.values())

    def sinks(self) -> set[Sink]:
        return set(self._detours.sinks())
