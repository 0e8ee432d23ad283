"""Tending: one task of a partition that sends what redrive jobs have left, at their pace.

room? rate? ──▶ the next ids of the plan ──▶ moves, parked rows and the job's record,
one checkpoint ──▶ parking takes the rows up as any others ──▶ the seal that ends them
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from broker.errors import HeadraceError
from broker.storage.rows import DeadState
from broker.telemetry import Telemetry
from triggers.redrive.acts import Refused
from triggers.redrive.advancing import delivered, gone, taken_away, took
from triggers.redrive.aim import OWN
from triggers.redrive.canary import may_take
from triggers.redrive.desk import SLICE_LETTERS, LetterDesk
from triggers.redrive.flow import Flows
from triggers.redrive.job import GOING, RedriveJob, State
from triggers.redrive.plan import place_of
from triggers.redrive.plan_means import PlanMeans
from triggers.redrive.plans import Plans
from triggers.redrive.rate import Rate
from triggers.redrive.room import WAITING_MAX, room_of
from triggers.redrive.watching import Watching
from triggers.redrive.ways import Ways

LOOK_SECONDS = 0.5  # at what nobody tells: a trigger that was resumed, or has another share
TICK_SECONDS = 0.02  # what the rate lets go within it goes in one checkpoint
AGAIN_SECONDS = 2.0  # after a store that did not answer
SWEEP_SECONDS = 60.0
RECONCILE_SECONDS = 60.0


@dataclass
class _Sending:
    """One slice of a job on its way; `chosen` are its ids, each with its strand."""

    watching: Watching
    job: str
    chosen: Mapping[str, int]

    def is_wanted(self) -> bool:
        job = self.watching.jobs.get(self.job)
        return job is not None and job.state in GOING

    def took(self, ids: Sequence[str], moved: Sequence[str], refused: Sequence[Refused]) -> None:
        taken = {one: self.chosen[one] for one in ids}
        job = took(self.watching.jobs[self.job], taken, moved, [one.why for one in refused])
        self.watching.put(job)

    def gone(self, id: str) -> None:
        self.watching.leave(id)
        self.watching.put(gone(self.watching.jobs[self.job], id, "expired"))


class Tending:
    """`watching` knows the jobs, `letters` sends for them."""

    def __init__(
        self,
        watching: Watching,
        plans: Plans,
        letters: LetterDesk,
        ways: Ways,
        flows: Flows,
        means: PlanMeans,
        telemetry: Telemetry,
    ) -> None:
        self._watching = watching
        self._plans = plans
        self._letters = letters
        self._ways = ways
        self._flows = flows
        self._ledger = means.ledger
        self._desk = means.engine.desk
        self._clock = means.clock
        self._telemetry = telemetry
        self._rates: dict[str, Rate] = {}
        self._began: dict[str, tuple[float, int]] = {}  # when, and how many were sent by then
        self._pages: dict[tuple[str, int], tuple[int, Sequence[str]]] = {}  # by job and strand
        self._reconciled_seconds = self._swept_seconds = means.clock.monotonic()
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """A job has begun, has room again, or may have ended."""
        self._asked.set()

    def per_second(self, job: RedriveJob) -> float | None:
        """How many were sent a second since this process, or an operator, let it go on."""
        seconds, started = self._began.get(job.id, (0.0, 0))
        passed_seconds = self._clock.monotonic() - seconds
        if job.id not in self._began or job.state not in GOING or passed_seconds <= 0.0:
            return None
        return (job.tally.started - started) / passed_seconds

    def began(self, job: RedriveJob) -> None:
        """From now on its speed counts."""
        self._began[job.id] = self._clock.monotonic(), job.tally.started
        self._rates.pop(job.id, None)  # nothing is made up for that was kept back on purpose
        self.ask()

    def forget(self, job: RedriveJob) -> None:
        self._began.pop(job.id, None)
        self._rates.pop(job.id, None)
        for strand in range(len(job.strands)):
            self._pages.pop((job.id, strand), None)
            if job.aim != OWN:
                self._flows.forget(job.way(strand))

    async def run(self) -> None:
        """Send until cancelled; asleep, without a timer, while there is neither job nor plan."""
        while True:
            self._asked.clear()
            try:
                seconds = await self._tend_all()
            except HeadraceError as error:  # the store says so elsewhere too; nothing is lost
                self._telemetry.emit("redrive.stalled", error=str(error))
                seconds = AGAIN_SECONDS
            if seconds is not None:  # what comes about meanwhile is looked at once
                await asyncio.sleep(TICK_SECONDS)
            try:
                async with asyncio.timeout(seconds):
                    await self._asked.wait()
            except TimeoutError:
                continue

    async def _tend_all(self) -> float | None:
        """Send a slice of each job; gives in how many seconds to look again."""
        now_seconds = self._clock.monotonic()
        if not self._plans.is_empty and now_seconds - self._swept_seconds >= SWEEP_SECONDS:
            self._swept_seconds = now_seconds
            await self._plans.sweep()
        open_jobs = [job for job in self._watching.jobs.values() if job.ended_at is None]
        if not open_jobs:
            return None if self._plans.is_empty else SWEEP_SECONDS
        if now_seconds - self._reconciled_seconds >= RECONCILE_SECONDS:
            await self.reconcile()
        waits = [await self._send(job.id) for job in open_jobs]
        return min(waits)

    async def _send(self, name: str) -> float:
        await self._read_pages(name)
        if (job := self._watching.jobs.get(name)) is None:  # over since the others were sent
            return LOOK_SECONDS
        rate = self._rates.setdefault(name, Rate(job.rate_per_second))
        chosen, wait_seconds = self._choose(job, rate)
        if chosen:
            sending = _Sending(self._watching, name, chosen)
            began = self._clock.monotonic()
            await self._ways.send(job, list(chosen), sending)
            self._note_sent(job, chosen.values(), self._clock.monotonic() - began)
        elif not job.left and not job.waiting:
            self._watching.put(job)  # there was nothing to send: the next seal writes its end
        return wait_seconds

    def _choose(self, job: RedriveJob, rate: Rate) -> tuple[dict[str, int], float]:
        """The next ids, each with its strand, and in how many seconds to choose again."""
        bound = WAITING_MAX - len(job.waiting)
        limit = min(may_take(job), SLICE_LETTERS, bound)
        rooms = self._rooms(job)
        chosen: dict[str, int] = {}
        taken = list(job.taken)
        now = self._clock.monotonic()
        while len(chosen) < limit and rooms:
            for strand in list(rooms):
                if len(chosen) == limit:
                    break
                if (wait_seconds := rate.take(now)) > 0.0:
                    self._let(job, rooms)
                    return chosen, wait_seconds
                chosen[self._next_id(job, strand, taken[strand])] = strand
                taken[strand] += 1
                rooms[strand] -= 1
                if not rooms[strand]:
                    del rooms[strand]
        if len(chosen) < bound:  # else what is under way ends too slowly, for whatever reason
            self._let(job, rooms)
        return chosen, LOOK_SECONDS

    def _let(self, job: RedriveJob, rooms: Iterable[int]) -> None:
        """These strands would take more than the rate, or the job, lets go."""
        for strand in rooms:
            self._flows.of(job.way(strand)).learned.let()

    def _note_sent(self, job: RedriveJob, strands: Iterable[int], seconds: float) -> None:
        for strand, count in Counter(strands).items():
            self._flows.of(job.way(strand)).sent(count, seconds)

    def _rooms(self, job: RedriveJob) -> dict[int, int]:
        """How many may go of each strand that has some left, within the page that is read."""
        self._watching.read(self._ledger)  # a call that has ended, whether that is on disk or not
        ahead: Counter[str] = Counter()
        for one in self._watching.jobs.values():
            for letter, strand in one.waiting.items():
                ahead[one.way(strand)] += letter not in one.tried
        rooms: dict[int, int] = {}
        for strand, (kept, count) in enumerate(zip(job.strands, job.taken, strict=True)):
            if count == kept.count:
                continue
            room = self._room_of(job, strand, ahead[job.way(strand)])
            room = min(room, place_of(kept.count, count)[1] + 1)
            if room:
                rooms[strand] = room
        return rooms

    def _room_of(self, job: RedriveJob, strand: int, ahead: int) -> int:
        flow = self._flows.of(job.way(strand))
        lane = self._ways.lane_of(job, job.strands[strand].trigger)
        flow.look(ahead, self._clock.monotonic())
        if lane is None or lane.is_stopped or lane.holds:
            flow.learned.let()
        return room_of(lane, ahead, flow)

    def _next_id(self, job: RedriveJob, strand: int, taken: int) -> str:
        _, ids = self._pages[job.id, strand]
        return ids[place_of(job.strands[strand].count, taken)[1]]

    async def _read_pages(self, name: str) -> None:
        """Have the page at hand from which each strand goes on."""
        if (job := self._watching.jobs.get(name)) is None:
            return
        for strand, (kept, count) in enumerate(zip(job.strands, job.taken, strict=True)):
            page = place_of(kept.count, count)[0]
            known = self._pages.get((name, strand))
            if count < kept.count and (known is None or known[0] != page):
                ids = await self._plans.page(name, strand, page)
                if (now := self._watching.jobs.get(name)) is None:
                    return
                if not ids:
                    self._watching.put(now.become(State.ABORTED, "the ids of its plan are gone"))
                self._pages[name, strand] = page, ids

    async def reconcile(self, *, is_start: bool = False) -> None:
        """Let go of dead letters that are not under way any more, however that came.

        At a start, when rows may have been taken away by other means, and now and then.
        """
        self._reconciled_seconds = self._clock.monotonic()
        async with self._letters.one_at_a_time:  # what was sent is on disk, or not begun
            for job in list(self._watching.jobs.values()):
                waiting = list(job.waiting)
                states = await self._desk.states(waiting) if waiting else {}
                for letter in waiting:
                    state = states.get(letter)
                    now = self._watching.jobs.get(job.id)
                    if state is DeadState.REDRIVING or now is None or letter not in now.waiting:
                        continue
                    if state is DeadState.DEAD and not is_start:
                        continue  # a checkpoint is still being tried
                    end = delivered if state is DeadState.DELIVERED else taken_away
                    self._watching.leave(letter)
                    self._watching.put(end(now, letter))
