"""The verbs of plans and redrive jobs: act, pause, resume, cancel; each on disk when it gives
back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from broker.errors import Conflict, Invalid, Overloaded
from broker.storage.rows import Audit, Checkpoint, Record
from broker.telemetry import Telemetry
from triggers.parking import LOOK_AGAIN_SECONDS
from triggers.redrive.advancing import ending
from triggers.redrive.binning import Binning
from triggers.redrive.canary import judge
from triggers.redrive.checking import check_options, check_plan
from triggers.redrive.desk import LetterDesk
from triggers.redrive.detours import Detours, DetourSurroundings
from triggers.redrive.failed import keys_of, last_page, read_failed
from triggers.redrive.flow import Flows
from triggers.redrive.job import PREFIX, Options, RedriveJob, State, begin, decode, encode
from triggers.redrive.plan import Plan
from triggers.redrive.plan_means import PlanMeans
from triggers.redrive.plans import Plans
from triggers.redrive.reading import PlanRequest
from triggers.redrive.republishing import Republishing
from triggers.redrive.tending import Tending
from triggers.redrive.watching import Watching
from triggers.redrive.ways import Ways

OPEN_JOBS_MAX = 16
ENDED_JOBS_KEPT = 100
RECORDS_MAX = OPEN_JOBS_MAX + 2 * ENDED_JOBS_KEPT
FINISHED = "redrive.finished"

Announce = Callable[[str, str, str, Mapping[str, Any], Sequence[Record]], None]
"""What, about which subject, once, data, and the records to store with it."""


class Redrives:
    """Of one partition. `announce` puts an event into the broker's log, where it has such."""

    def __init__(
        self,
        means: PlanMeans,
        letters: LetterDesk,
        telemetry: Telemetry,
        announce: Announce,
        around: DetourSurroundings,
    ) -> None:
        self._means = means
        self._telemetry = telemetry
        self._announce = announce
        flows = Flows(means.clock.monotonic, LOOK_AGAIN_SECONDS)
        self.plans = Plans(means, self.find, flows.possible_per_second)
        self.bin = Binning(self.plans, letters, means, telemetry)
        self._watching = Watching(means.clock.now, self._nudge)
        detours = Detours(around, self._pause_itself)
        letters.know_detours(detours.lanes)
        self.ways = Ways(
            letters,
            means.lanes,
            detours,
            Republishing(letters, means.ledger, means.clock.now),
            means.reach,
            telemetry,
            self._pause_itself,
            self._watching,
        )
        self.tending = Tending(
            self._watching,
            self.plans,
            letters,
            self.ways,
            flows,
            means,
            telemetry,
        )
        self._watching.on_change = self.tending.ask
        self._ended: dict[str, RedriveJob] = {}  # oldest first

    async def load(self) -> None:
        """Take up what earlier processes have left; call it before anything is delivered."""
        self._means.ledger.on_seal = self._watching.sealing
        records = await self._means.engine.records.scan(PREFIX, limit=RECORDS_MAX)
        jobs = [decode(key.removeprefix(PREFIX), value) for key, value, _ in records]
        ended = [job for job in jobs if job.ended_at is not None]
        self._ended = {job.id: job for job in sorted(ended, key=lambda one: str(one.ended_at))}
        for job in jobs:
            if job.ended_at is None:
                self._watching.watch(job, await last_page(self._means.engine.records, job))
                self.tending.began(job)
            await self.ways.restore(job)
        await self.plans.load()
        await self.tending.reconcile(is_start=True)

    async def run(self) -> None:
        """Tell of what has ended meanwhile, then tend until cancelled."""
        for job in list(self._ended.values()):
            if not job.is_told:
                self._tell(job)
        await self.tending.run()

    def committed(self, checkpoint: Checkpoint) -> None:
        """Jobs whose end is on disk now have ended."""
        ended = [job for job in self._watching.jobs.values() if job.ended_at is not None]
        keys = {record.key for record in checkpoint.records} if ended else set()
        for job in ended:
            if PREFIX + job.id in keys:
                self._end(job)

    async def make_plan(self, request: PlanRequest, by: str) -> Plan:
        plan = await self.plans.make(request, by)
        if plan.verb == "export":  # a download changes nothing, and so could not say that it was
            now = self._means.clock.now()
            act = Audit(now, by, "export", f"plan {plan.id}", plan.count, "")
            self._means.ledger.audit.append(act)
            await self._flush()
        self.tending.ask()  # it is swept some time
        return plan

    async def redrive(
        self, plan_id: str, options: Options, by: str, reason: str = ""
    ) -> tuple[RedriveJob, bool]:
        """Begin the job of a plan; False where it was begun before.

        Raises Invalid (codes not-found, bad-verb, bad-rate, bad-canary, bad-abort and those of
        another sink), Overloaded, Unavailable where such a sink cannot be had.
        """
        if self.find(plan_id) is not None:
            return await self._written(plan_id), False
        plan = check_plan(self.plans.find(plan_id), plan_id, "redrive")
        check_options(options, plan.aim)
        if len(self._watching.jobs) >= OPEN_JOBS_MAX:
            raise Overloaded(
                f"{len(self._watching.jobs)} redrives are under way already",
                code="too-many-redrives",
                remedy="wait for one to end, or cancel one: headrace dead-letters jobs",
                retry_after_seconds=30.0,
            )
        now = self._means.clock.now()
        job = begin(plan.id, plan.broker, plan.strands, options, by, reason, now, plan.aim)
        await self.ways.begin(job)
        if self.find(plan_id) is not None:  # asked twice at once
            return await self._written(plan_id), False
        self._audit("redrive", job, by, reason, job.count)
        self.plans.put(plan.acted(now))
        self._watching.watch(job)
        self.tending.began(job)
        self._telemetry.emit("redrive.started", job=job.id, count=job.count, canary=job.canary)
        return await self._written(job.id), True

    async def pause(self, id: str, by: str, reason: str = "") -> RedriveJob:
        """Send no more; what is under way goes on. Raises Invalid, Conflict."""
        job = self._going(id, "paused")
        if job.state is not State.PAUSED:
            self._change("redrive.pause", job.become(State.PAUSED, reason), by, reason)
        return await self._written(id)

    async def resume(self, id: str, by: str, reason: str = "") -> RedriveJob:
        job = self._going(id, "resumed")
        if job.state is State.PAUSED:
            state = State.CANARY if job.firsts_done < job.canary else State.RUNNING
            self.tending.began(job)
            self._change("redrive.resume", judge(job.become(state)), by, reason)
        return await self._written(id)

    async def cancel(self, id: str, by: str, reason: str = "") -> RedriveJob:
        """Leave the rest as it is; what is under way ends by itself. Raises Invalid."""
        job = self._known(id)
        if job.is_open:
            self._change("redrive.cancel", job.become(State.CANCELLED, reason), by, reason)
        return await self._written(id)

    def find(self, id: str) -> RedriveJob | None:
        """As it is on disk, but for what is counted: that it has ended is told after the commit."""
        job = self._watching.jobs.get(id)
        return self._ended.get(id) if job is None else ending(job)

    def all(self) -> list[RedriveJob]:
        """Those that have not ended, then the others; the latest first in both."""
        open_jobs = map(ending, self._watching.jobs.values())
        going = sorted(open_jobs, key=lambda job: job.began_at, reverse=True)
        return [*going, *reversed(self._ended.values())]

    def states(self) -> Mapping[str, int]:
        """How many are in each state, of those that are kept; for metrics."""
        found = dict.fromkeys((state.value for state in State), 0)
        for job in self.all():
            found[job.state.value] += 1
        return found

    @property
    def redriven(self) -> tuple[int, int]:
        """Delivered and failed again since start, of all jobs."""
        return self._watching.delivered, self._watching.failed_again

    async def failed(self, id: str, after: int, limit: int) -> Sequence[tuple[str, str]]:
        """Of what failed again those after the first `after`: ids, and their groups then."""
        job = self._known(id)
        if job.id not in self._ended:
            await self._flush()  # what is counted by now is on disk then
        return await read_failed(self._means.engine.records, job, after, limit)

    def _end(self, job: RedriveJob) -> None:
        self._watching.forget(job)
        self.tending.forget(job)
        self.ways.end(job)
        self._ended[job.id] = job
        for old in list(self._ended.values())[:-ENDED_JOBS_KEPT]:
            del self._ended[old.id]
            self._means.ledger.records += [Record(key, None) for key in keys_of(old)]
        self._telemetry.emit(
            "redrive.ended",
            job=job.id,
            state=job.state.value,
            delivered=job.tally.delivered,
            failed_again=job.tally.failed_again,
            left=job.left + job.refused,
            why=job.why,
        )
        self._tell(job)

    def _tell(self, job: RedriveJob) -> None:
        told = self._ended[job.id] = replace(job, is_told=True)
        data = {
            "job": job.id,
            "state": job.state.value,
            "why": job.why,
            "count": job.count,
            "delivered": job.tally.delivered,
            "failed_again": job.tally.failed_again,
            "refused": job.refused,
            "left": job.left,
            "by": job.by,
            "reason": job.reason,
        }
        record = Record(PREFIX + job.id, encode(told))
        self._announce(FINISHED, job.id, job.id, data, [record])

    def _pause_itself(self, id: str, why: str) -> None:
        """Where a sink asks for it, or there is nowhere to go any more."""
        job = self._watching.jobs.get(id)
        if job is not None and job.is_open and job.state is not State.PAUSED:
            self._audit("redrive.pause", job, "headrace", why)
            self._watching.put(job.become(State.PAUSED, why))

    def _change(self, verb: str, job: RedriveJob, by: str, reason: str) -> None:
        self._audit(verb, job, by, reason)
        self._watching.put(job)

    async def _written(self, id: str) -> RedriveJob:
        """The job once all that is said of it is on disk, also by whoever asked the same before."""
        await self._flush()
        return self._known(id)

    def _going(self, id: str, verb: str) -> RedriveJob:
        job = self._known(id)
        if not job.is_open:
            raise Conflict(
                f"redrive {id} is {job.state.value} and cannot be {verb}",
                code="job-ended",
                remedy="make another plan of what is left",
            )
        return job

    def _known(self, id: str) -> RedriveJob:
        if (job := self._watching.jobs.get(id) or self._ended.get(id)) is not None:
            return job
        remedy = "headrace dead-letters jobs shows them"
        raise Invalid(f"no redrive {id[:64]}", code="not-found", remedy=remedy)

    def _audit(self, verb: str, job: RedriveJob, by: str, reason: str, count: int = 0) -> None:
        now, detail = self._means.clock.now(), f"plan {job.id}{job.aim}"
        self._means.ledger.audit.append(Audit(now, by, verb, detail, count, reason))

    def _nudge(self) -> None:
        self._means.ledger.has_moved = True
        self._means.checkpointer.changed()

    async def _flush(self) -> None:
        await self._means.flush()
