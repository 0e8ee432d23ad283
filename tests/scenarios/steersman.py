"""Somebody who does all that can be done to one broker, and looks what has become of it."""

import asyncio
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass, Reason
from broker.errors import HeadraceError
from broker.storage.memory.engine import MemoryEngine
from broker.storage.memory.load import load
from broker.storage.memory.state import State
from broker.storage.rows import Counts, DeadState
from tests.scenarios.house import House, numbered, trigger
from triggers.durable import Durable
from triggers.redrive import Options, PlanRequest
from triggers.redrive import State as RedriveState
from triggers.replay.job import ENDED, ReplayRequest
from triggers.roster import is_empty
from triggers.steering import How
from triggers.trigger import TriggerSpec

BUSY = Failed(OutcomeClass.TRANSIENT, "HTTP 503", status=503)
REFUSED = Failed(OutcomeClass.BAD_INPUT, "HTTP 422", status=422, reason=Reason.REFUSED)
T = "default/t"
HOURS_MAX = 12
Verb = Literal[
    "publish", "apply", "remove", "end", "pause", "resume", "seek", "redrive", "discard",
    "restore", "plan", "replay", "cancel", "prune", "sleep", "crash",
]  # fmt: skip


@dataclass(frozen=True)
class Act:
    """`seconds` until the next act begins; None: when this one is over."""

    verb: Verb
    number: int
    seconds: float | None


@dataclass
class Steersman:
    """Trigger `t` is his; `steady` stands beside it, and nothing may ever happen to it."""

    house: House = field(default_factory=House)
    pace: float = 1.0  # of what he waits between two acts
    published: int = 0
    shape: int = 0  # of the configuration
    is_wanted: bool = True
    jobs: int = 0
    tries: Counter[str] = field(default_factory=Counter)
    under_way: set["asyncio.Task[None]"] = field(default_factory=set)
    defects: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)

    def specs(self) -> list[TriggerSpec]:
        if not self.is_wanted:
            return [trigger("steady")]
        filters = [{"exact": {"type": "x"}}] if self.shape & 1 else []
        order = "partitionkey" if self.shape & 2 else None
        to = "elsewhere" if self.shape & 8 else "t"
        spec = trigger(filters=filters, order_by=order, to=to, start="earliest")
        return [trigger("steady"), spec]

    @property
    def copies(self) -> str | None:
        return "copies" if self.shape & 4 else None

    def answer(self, delivery: Delivery) -> Outcome:
        """By the event's number: refused once or twice, busy at first, or taken."""
        number = int(delivery.event.id)
        self.tries[f"{delivery.id}"] += 1
        if number % 4 == 0 and self.tries[delivery.id] < 3:
            return REFUSED
        return BUSY if number % 3 == 0 and delivery.attempt < 3 else Delivered()

    async def live(self, acts: list[Act]) -> None:
        """All of `acts`, then whatever is left to do; within hours, or it never ends."""
        async with asyncio.timeout(HOURS_MAX * 3600):
            for name in ("t", "elsewhere"):
                self.house.answers(name, self.answer).delay_seconds = 0.005
            await self._start()
            for act in acts:
                await self._do(act)
            await self._finish()

    async def _start(self) -> None:
        await self.house.start(*self.specs(), dead_letter=self.copies)
        self.house.partition.on_failure = self._note

    def _note(self, error: BaseException) -> None:
        self.defects += traceback.format_exception(error)

    async def _do(self, act: Act) -> None:
        if act.verb == "crash":
            await asyncio.sleep(self.pace * (act.seconds or 0.0))
            await self._crash()
            return
        task = asyncio.ensure_future(self._try(act))
        self.under_way.add(task)
        if act.seconds is None:
            await task
        else:
            await asyncio.sleep(self.pace * act.seconds)

    async def _crash(self) -> None:
        for task in self.under_way:
            task.cancel()
        await asyncio.gather(*self.under_way, return_exceptions=True)
        self.under_way.clear()
        await self.house.crash()
        await self._start()

    async def _try(self, act: Act) -> None:
        try:
            await self._act(act.verb, act.number)
        except HeadraceError:
            return  # refused, with a reason

    async def _act(self, verb: Verb, number: int) -> None:
        partition, house = self.house.partition, self.house
        match verb:
            case "publish":
                await self._publish(number % 12)
            case "sleep":
                await asyncio.sleep(self.pace * number / 8)
            case "apply" | "remove":
                self.is_wanted, self.shape = verb == "apply", number
                await house.apply(*self.specs(), dead_letter=self.copies)
            case "end":
                how: How = "discard" if number % 2 else "dead-letter"
                await partition.steering.end(T, how, "tests")
            case "pause":
                await partition.steering.pause(T, "tests")
            case "resume":
                await partition.steering.resume(T, "tests")
            case "seek":
                await partition.steering.seek(T, number, "tests")
            case "prune":
                await house.engine.log.prune(min(number, partition.lowest_needed() - 1))
            case _:
                await self._on_copies_of_events(verb, number)

    async def _on_copies_of_events(self, verb: Verb, number: int) -> None:
        partition = self.house.partition
        if verb in ("replay", "cancel"):
            assert partition.replays is not None
            if verb == "cancel":
                await partition.replays.cancel(f"job-{self.jobs}", "tests")
                return
            self.jobs += 1
            await partition.replays.create(
                ReplayRequest(
                    T, number // 2, rate_per_second=500.0, in_order=number % 5 == 0,
                    id=f"job-{self.jobs}",
                ),
                "tests",
            )  # fmt: skip
            return
        if verb == "plan":
            await self._redrive_by_plan(number)
            return
        assert partition.desk is not None
        page = await self.house.engine.desk.page((), None, 1000)
        ids = [letter.id for letter in page.items][number % 3 :: 2]
        if verb == "redrive":
            await partition.desk.redrive(ids, "tests")
        elif verb == "discard":
            await partition.desk.discard(ids[:3], "tests", "tests")
        else:
            await partition.desk.restore(ids, "tests")

    async def _redrive_by_plan(self, number: int) -> None:
        """A job of all that is dead, acted on twice, which may be paused, or cancelled."""
        redrives = self.house.partition.redrives
        assert redrives is not None
        plan = await redrives.make_plan(PlanRequest("redrive"), "tests")
        options = Options(20.0, number % 4, abort_above=(0.2, 1.0)[number % 2])
        await asyncio.gather(*(redrives.redrive(plan.id, options, "tests") for _ in range(2)))
        if number % 3 == 0:
            await redrives.pause(plan.id, "tests")
            await redrives.resume(plan.id, "tests")
        if number % 5 == 0:
            await redrives.cancel(plan.id, "tests")

    async def _publish(self, count: int) -> None:
        for _ in range(count):
            self.published += 1
            kind, key = "xyz"[self.published % 3], "ab"[self.published % 2]
            await self.house.publish(numbered(self.published, type=kind, partitionkey=key))

    async def _finish(self) -> None:
        """Let all verbs end, want the trigger back, and let everything settle."""
        await asyncio.gather(*self.under_way)
        house = self.house
        try:
            await self._want()
        except HeadraceError:  # an end that a crash cut short, or the like: finish it
            await house.partition.steering.end(T, "discard", "tests")
            await self._want()
        await house.partition.steering.resume(T, "tests")
        await house.until(self._is_quiet, hours=0.3)
        await house.partition.drain()
        if isinstance(house.engine, MemoryEngine):
            self.found = list(self._faults(house.engine._state))
            await house.end()
        else:
            await house.stop()  # and let `headrace verify` tell

    async def _want(self) -> None:
        self.is_wanted = True
        self.shape |= 4  # copies that a start without it left behind are carried too
        await self.house.apply(*self.specs(), dead_letter=self.copies)

    def _is_quiet(self) -> bool:
        partition = self.house.partition
        assert partition.replays is not None
        is_over = all(one.job.state in ENDED for one in partition.replays.all())
        assert partition.redrives is not None
        for redrive in partition.redrives.all():
            is_over &= redrive.ended_at is not None or redrive.state is RedriveState.PAUSED
        return is_over and all(map(is_empty, list(partition.lanes.values())))

    def _faults(self, state: State) -> Iterator[str]:
        for name in (T, "default/steady"):
            counts = state.counts.get(name, Counts(name))
            settled = counts.delivered + counts.dead + counts.discarded
            if counts.matched != settled:
                yield f"{name} matched {counts.matched}, settled {settled}: {counts}"
        steady = state.counts.get("default/steady", Counts("")).matched
        if steady != self.published:
            yield f"steady matched {steady} of {self.published}"
        if state.parked or state.waiting:
            yield f"rows are left: {list(state.parked)} {list(state.waiting)}"
        stuck = [one.id for one in state.letters.by_id.values() if one.state is DeadState.REDRIVING]
        if stuck:
            yield f"redriving for ever: {stuck}"
        assert self.house.partition.replays is not None
        for job in self.house.partition.replays.all():
            tally = job.tally
            if tally.matched != tally.delivered + tally.dead + tally.discarded:
                yield f"{job.job.id}: {tally}"
        assert self.house.partition.redrives is not None
        for redrive in self.house.partition.redrives.all():
            if redrive.tally.waiting or redrive.waiting or redrive.left < 0:
                yield f"redrive {redrive.id}: {redrive}"
        on_disk = Durable()
        on_disk.load(load(state))
        if on_disk.lowest_needed() != self.house.partition.lowest_needed():
            yield f"needed {self.house.partition.lowest_needed()}, disk {on_disk.lowest_needed()}"
