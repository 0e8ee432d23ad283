"""Tending: one task of a partition that sends what redrive jobs have left, at their pace.

room? rate? ──▶ the next ids of the plan ──▶ moves, parked rows and the job's record,
one checkpoint ──▶ parking takes the rows up as any others ──▶ the seal that ends them
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from broker.clock import Clock
from broker.errors import HeadraceError
from broker.storage.desk import Desk
from broker.storage.rows import DeadState
from broker.telemetry import Telemetry
from triggers.lane import Lane
from triggers.redrive.acts import Refused
from triggers.redrive.advancing import delivered, gone, taken_away, took
from triggers.redrive.canary import may_take
from triggers.redrive.desk import LetterDesk
from triggers.redrive.job import GOING, RedriveJob, State
from triggers.redrive.plan import place_of
from triggers.redrive.plans import Plans
from triggers.redrive.room import SLICE_LETTERS, WAITING_MAX, room_of
from triggers.redrive.watching import Watching
from triggers.replay.pace import Pace

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
        desk: Desk,
        lanes: Mapping[str, Lane],
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        self._watching = watching
        self._plans = plans
        self._letters = letters
        self._desk = desk
        self._lanes = lanes
        self._clock = clock
        self._telemetry = telemetry
        self._paces: dict[str, Pace] = {}
        self._began: dict[str, tuple[float, int]] = {}  # when, and how many were sent by then
        self._pages: dict[tuple[str, int], tuple[int, Sequence[str]]] = {}  # by job and strand
        self._reconciled_seconds = self._swept_seconds = clock.monotonic()
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
        self.ask()

    def forget(self, job: RedriveJob) -> None:
        self._began.pop(job.id, None)
        self._paces.pop(job.id, None)
        for strand in range(len(job.strands)):
            self._pages.pop((job.id, strand), None)

    async def run(self) -> None:
        """Send until cancelled; asleep, without a timer, while there is neither job nor plan."""
        while True:
            self._asked.clear()
            try:
                seconds = await self._tend_all()
            except HeadraceError as error:  # the store says so elsewhere too; nothing is lost
                self._telemetry.emit("redrive.stalled", error=str(error))
                seconds = AGAIN_SECONDS
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
        job = self._watching.jobs[name]
        pace = self._paces.setdefault(name, Pace(job.rate_per_second))
        chosen, wait_seconds = self._choose(job, pace)
        if chosen:
            sending = _Sending(self._watching, name, chosen)
            await self._letters.send_back(list(chosen), job.by, f"job {name}", sending)
        elif not job.left and not job.waiting:
            self._watching.put(job)  # there was nothing to send: the next seal writes its end
        return wait_seconds

    def _choose(self, job: RedriveJob, pace: Pace) -> tuple[dict[str, int], float]:
        """The next ids, each with its strand, and in how many seconds to choose again."""
        limit = min(may_take(job), SLICE_LETTERS, WAITING_MAX - len(job.waiting))
        rooms = self._rooms(job)
        chosen: dict[str, int] = {}
        taken = list(job.taken)
        now = self._clock.monotonic()
        while len(chosen) < limit and rooms:
            for strand in list(rooms):
                if len(chosen) == limit:
                    break
                if (wait_seconds := pace.take(now)) > 0.0:
                    return chosen, max(TICK_SECONDS, wait_seconds)
                chosen[self._next_id(job, strand, taken[strand])] = strand
                taken[strand] += 1
                rooms[strand] -= 1
                if not rooms[strand]:
                    del rooms[strand]
        return chosen, LOOK_SECONDS

    def _rooms(self, job: RedriveJob) -> dict[int, int]:
        """How many may go of each strand that has some left, within the page that is read."""
        untried: Counter[str] = Counter()
        for one in self._watching.jobs.values():
            for letter, strand in one.waiting.items():
                untried[one.strands[strand].trigger] += letter not in one.tried
        rooms: dict[int, int] = {}
        for strand, (kept, count) in enumerate(zip(job.strands, job.taken, strict=True)):
            if count == kept.count:
                continue
            room = room_of(self._lanes.get(kept.trigger), untried[kept.trigger])
            room = min(room, place_of(kept.count, count)[1] + 1)
            if room:
                rooms[strand] = room
        return rooms

    def _next_id(self, job: RedriveJob, strand: int, taken: int) -> str:
        _, ids = self._pages[job.id, strand]
        return ids[place_of(job.strands[strand].count, taken)[1]]

    async def _read_pages(self, name: str) -> None:
        """Have the page at hand from which each strand goes on."""
        job = self._watching.jobs[name]
        for strand, (kept, count) in enumerate(zip(job.strands, job.taken, strict=True)):
            page = place_of(kept.count, count)[0]
            known = self._pages.get((name, strand))
            if count < kept.count and (known is None or known[0] != page):
                ids = await self._plans.page(name, strand, page)
                if not ids:
                    now = self._watching.jobs[name]
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
