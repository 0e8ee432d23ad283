"""The verbs of replay: begin, pause, resume, cancel; each on disk when it gives back."""

from broker.errors import Conflict, Invalid, Overloaded
from broker.storage.rows import Audit
from triggers.job_ids import draw_id
from triggers.named_url import probe_named
from triggers.replay.asking import check, find_range, make_job
from triggers.replay.job import ReplayJob, ReplayRequest, State, Written
from triggers.replay.keeping import OPEN_JOBS_MAX, Jobs, Means
from triggers.replay.lane import ReplayLane
from triggers.replay.progress import Progress, progress_of

NOWHERE = 1 << 62
TOO_FAR_BEHIND = "the log that it still needs has grown beyond maxBacklogBytes"


class Replays:
    """Of one partition. Verbs give the job as it is then, and whether there was something to do."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self.jobs = Jobs(means)
        self._beginning: list[int] = []  # first offsets of jobs that are not on disk yet

    async def create(self, request: ReplayRequest, by: str) -> tuple[Progress, bool]:
        """Begin a job, or find the one that the same request has made (False).

        Raises Invalid (codes unknown-trigger, bad-range, bad-rate, bad-job-id, no-sink and
        those of filters and URLs), Conflict where the id is another job's, Overloaded.
        """
        if (found := self._same(request)) is not None:
            await self._means.flush()
            return self._progress(found), False
        job, lane = await self._plan(request, by)
        try:
            if (found := self._same(request)) is not None:  # asked twice at once
                return self._progress(found), False
            await self._begin(job, lane, by)
        finally:
            self._beginning.remove(job.first)
        return self._progress(lane.written()), True

    async def _begin(self, job: ReplayJob, lane: ReplayLane, by: str) -> None:
        self.jobs.enrol(lane)
        self._audit(job, "replay.create", by, job.reason, job.events)
        self._means.telemetry.emit(
            "replay.started",
            job=job.id,
            trigger=job.trigger,
            from_offset=job.first,
            to_offset=job.last,
        )
        await self._write(lane)

    async def plan(self, request: ReplayRequest, by: str) -> Progress:
        """What `create` would make; raises what it raises, and changes nothing."""
        if (found := self._same(request)) is not None:
            return self._progress(found)
        job, lane = await self._plan(request, by)
        self._beginning.remove(job.first)
        return progress_of(lane.written(), lane, self._means.clock.monotonic())

    async def _plan(self, request: ReplayRequest, by: str) -> tuple[ReplayJob, ReplayLane]:
        check(request)
        means = self._means
        origin = means.lanes.get(request.trigger)
        if origin is None or origin.is_companion:
            raise Invalid(
                f"no trigger {request.trigger}",
                code="unknown-trigger",
                remedy="headrace triggers lists them",
            )
        if len(self.jobs.lanes) >= OPEN_JOBS_MAX:
            raise Overloaded(
                f"{len(self.jobs.lanes)} replays are under way already",
                code="too-many-replays",
                remedy="wait for one to end, or cancel one: headrace replay list",
                retry_after_seconds=30.0,
            )
        first, last = await find_range(means.engine.log, means.router.routed, request)
        # Nothing is on disk yet that would keep retention away from these.
        self._beginning.append(first)
        try:
            now = means.clock.now()
            chosen = request.id or draw_id(now, means.random(), self._is_known)
            job = make_job(request, chosen, origin, (first, last), by, now)
            lane = self.jobs.make_lane(job, origin)
            if job.to_sink is not None:
                await probe_named(lane.sink)
        except BaseException:  # also who asked and went away: the log must not be kept for it
            self._beginning.remove(first)
            raise
        return job, lane

    def _same(self, request: ReplayRequest) -> Written | None:
        found = None if request.id is None else self.jobs.find(request.id)
        if found is not None and found.job.digest != request.digest():
            raise Conflict(
                f"{request.id} is the id of another replay",
                code="job-exists",
                remedy="choose another id, or none",
            )
        return found

    def _is_known(self, id: str) -> bool:
        return self.jobs.find(id) is not None

    async def pause(self, id: str, by: str, reason: str = "") -> tuple[Progress, bool]:
        """Begin no more calls; False where it was paused already."""
        lane = self._going(id, "paused")
        if lane.job.state is State.PAUSED:
            return self._progress(lane.written()), False
        self.jobs.pause(lane, reason)
        self._audit(lane.job, "replay.pause", by, reason)
        await self._write(lane)
        return self._progress(lane.written()), True

    async def resume(self, id: str, by: str, reason: str = "") -> tuple[Progress, bool]:
        """Go on; False where it was running."""
        lane = self._going(id, "resumed")
        if lane.job.state is State.RUNNING:
            return self._progress(lane.written()), False
        lane.job = lane.job.become(State.RUNNING)
        lane.is_paused = False
        lane.began(self._means.clock.monotonic(), self._means.clock.now())
        self._audit(lane.job, "replay.resume", by, reason)
        self._means.parking.has_room_again(lane)
        await self._write(lane)
        self.jobs.feeder.ask()
        return self._progress(lane.written()), True

    async def cancel(self, id: str, by: str, reason: str = "") -> tuple[Progress, bool]:
        """End it: calls under way are counted, what is parked is not tried again.

        False where it has ended, or is about to.
        """
        lane = self.jobs.lanes.get(id)
        if lane is None or not lane.is_open:
            return self._progress(self._known(id)), False
        self.jobs.stop(lane, State.CANCELLING, reason)
        self._audit(lane.job, "replay.cancel", by, reason)
        await self._write(lane)
        return self._progress(lane.written()), True

    async def give_up(self, up_to: int) -> None:
        """Fail the jobs that hold the log at or before offset `up_to`: it has grown too large."""
        held = [lane for lane in self.jobs.lanes.values() if lane.is_open]
        held = [lane for lane in held if lane.cursor().offset < up_to]
        for lane in held:
            self.jobs.stop(lane, State.FAILING, TOO_FAR_BEHIND)
            await self._write(lane)

    def lowest_needed(self) -> int:
        """The first offset of a job that is not on disk yet; those that are have a cursor."""
        return min(self._beginning, default=NOWHERE)

    def close(self) -> None:
        """Give up what is under way after the grace: it is delivered again."""
        self.jobs.dispatcher.close()

    def find(self, id: str) -> Progress | None:
        """How far a job is; None where there is none, or it ended long ago."""
        written = self.jobs.find(id)
        return None if written is None else self._progress(written)

    def all(self) -> list[Progress]:
        """Of all jobs: those that have not ended first, and of each kind the latest first."""
        return [self._progress(written) for written in self.jobs.all()]

    def _progress(self, written: Written) -> Progress:
        lane = self.jobs.lanes.get(written.job.id)
        return progress_of(written, lane, self._means.clock.monotonic())

    def _going(self, id: str, verb: str) -> ReplayLane:
        """The lane of a job that may be `verb`. Raises Invalid, Conflict."""
        lane = self.jobs.lanes.get(id)
        if lane is not None and lane.is_open:
            return lane
        job = self._known(id).job
        raise Conflict(
            f"replay {id} is {job.state.value} and cannot be {verb}",
            code="job-ended",
            remedy="begin another: headrace replay --trigger NAME --from T",
        )

    def _known(self, id: str) -> Written:
        if (written := self.jobs.find(id)) is not None:
            return written
        raise Invalid(f"no replay {id}", code="not-found", remedy="headrace replay list shows them")

    def _audit(self, job: ReplayJob, verb: str, by: str, reason: str, count: int = 0) -> None:
        detail = f"{job.id}: {job.trigger}, offsets {job.first} to {job.last}"
        row = Audit(self._means.clock.now(), by, verb, detail, count, reason)
        self._means.ledger.audit.append(row)

    async def _write(self, lane: ReplayLane) -> None:
        self._means.ledger.touch(lane)
        await self._means.flush()
