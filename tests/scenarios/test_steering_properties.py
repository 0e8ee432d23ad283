"""Whatever an operator does and whenever it dies, each pair is routed by one filter and counted."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass, Reason
from broker.errors import Invalid
from broker.storage.rows import Counts, Revision
from tests.scenarios.house import House, JumpingLoop, numbered, trigger
from triggers.standing import filter_of
from triggers.trigger import TriggerSpec

BUSY = Failed(OutcomeClass.TRANSIENT, "HTTP 503", status=503)
REFUSED = Failed(OutcomeClass.BAD_INPUT, "HTTP 422", status=422, reason=Reason.REFUSED)
FILTERS: tuple[list[dict[str, Any]], ...] = (
    [],
    [{"exact": {"type": "x"}}],
    [{"prefix": {"type": "y"}}],
    [{"cesql": "type != 'x'"}],
)
T = "default/t"
Verb = Literal["publish", "apply", "remove", "pause", "resume", "seek", "sleep", "crash", "hasty"]


@dataclass(frozen=True)
class Act:
    verb: Verb
    number: int
    seconds: float


ACTS = st.lists(
    st.builds(
        Act,
        st.sampled_from(
            ["publish", "publish", "publish", "apply", "apply", "remove", "pause", "resume",
             "seek", "sleep", "crash", "hasty"]
        ),
        st.integers(0, 40),
        st.sampled_from([0.0, 0.001, 0.024, 0.03, 0.3, 5.0]),
    ),
    max_size=25,
)  # fmt: skip


@dataclass
class Operator:
    """Does what it is told, and watches what the sink of trigger `t` gets meanwhile."""

    ordered: bool
    house: House = field(default_factory=House)
    published: int = 0
    filters: int = 0
    is_wanted: bool = True
    is_exact: bool = True  # nothing was delivered again by a seek
    # From here on all that matches is delivered; None after a crash within a seek.
    sure_from: int | None = 1
    seen: Counter[int] = field(default_factory=Counter)
    strays: list[str] = field(default_factory=list)

    def specs(self) -> list[TriggerSpec]:
        order = {"order_by": "partitionkey"} if self.ordered else {}
        spec = trigger(filters=FILTERS[self.filters], **order)
        return [trigger("steady"), spec] if self.is_wanted else [trigger("steady")]

    def in_force(self, offset: int) -> Revision | None:
        """By what is on disk."""
        stored = self.house.engine._state.revisions
        own = [one for (name, _), one in sorted(stored.items()) if name == T]
        found = [one for one in own if one.from_offset <= offset]
        return found[-1] if found else None

    def answer(self, delivery: Delivery) -> Outcome:
        number = int(delivery.event.id)
        revision = self.in_force(delivery.offset)
        if revision is None or not filter_of(revision.spec).matches(delivery.event):
            # A seek back leaves rows what they are: they were routed by an earlier filter.
            is_row = (T, delivery.offset) in self.house.engine._state.waiting
            if delivery.attempt == 1 and not (is_row or self.seen[delivery.offset]):
                self.strays.append(f"{number} though {revision} is in force")
        self.seen[delivery.offset] += 1
        if number % 7 == 0:
            return REFUSED
        return BUSY if number % 5 == 0 and delivery.attempt < 3 else Delivered()

    async def act(self, act: Act) -> None:
        match act.verb:
            case "publish":
                await self.publish(act.number % 12)
            case "sleep":
                await asyncio.sleep(act.seconds)
            case "crash":
                await asyncio.sleep(act.seconds)
                await self.restart()
            case "hasty":
                verb = ("apply", "remove", "pause", "seek")[act.number % 4]
                task = asyncio.ensure_future(self.steer(verb, act.number))
                await self.publish(act.number % 3)
                await asyncio.sleep(act.seconds)
                if verb == "seek" and not task.done():
                    self.sure_from, self.is_exact = None, False
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                await self.restart()
            case _:
                await self.steer(act.verb, act.number)

    async def publish(self, count: int) -> None:
        for _ in range(count):
            self.published += 1
            kind = "xyz"[self.published % 3]
            key = "abc"[self.published % 2]
            await self.house.publish(numbered(self.published, type=kind, partitionkey=key))

    async def steer(self, verb: str, number: int) -> None:
        if verb in ("apply", "remove"):
            self.is_wanted = verb == "apply"
            self.filters = number % len(FILTERS)
            await self.house.apply(*self.specs())
            return
        try:
            await self._turn(verb, number)
        except Invalid as error:
            if error.code not in ("unknown-trigger", "trigger-removing"):
                raise

    async def _turn(self, verb: str, number: int) -> None:
        steering = self.house.partition.steering
        if verb == "seek":
            sought = await steering.seek(T, number, "tests")
            if sought.is_changed:
                self.sure_from = sought.position
                self.is_exact &= sought.position == self.house.partition.router.routed + 1
            return
        await (steering.pause if verb == "pause" else steering.resume)(T, "tests")

    async def restart(self) -> None:
        await self.house.crash()
        await self.house.start(*self.specs())

    async def live(self, acts: list[Act]) -> None:
        """All of `acts`, then whatever is left to do; within hours, or it never ends."""
        async with asyncio.timeout(4 * 3600):
            await self._live(acts)

    async def _live(self, acts: list[Act]) -> None:
        self.house.answers("t", self.answer)
        await self.house.start(*self.specs())
        for act in acts:
            await self.act(act)
        self.is_wanted = True
        await self.house.apply(*self.specs())
        await self.house.partition.steering.resume(T, "tests")
        await self.house.settle()
        await self.house.settle("steady")
        await self.house.partition.drain()
        await self.house.end()

    def pairs(self) -> list[int]:
        """The offsets that the revisions on disk say are the trigger's."""
        found = []
        for stored in self.house.engine._state.events:
            revision = self.in_force(stored.offset)
            if revision is not None and filter_of(revision.spec).matches(stored.event):
                found.append(stored.offset)
        return found

    def missing(self) -> list[int]:
        sure_from = self.sure_from
        if sure_from is None:
            return []
        return [one for one in self.pairs() if one >= sure_from and not self.seen[one]]

    def balance(self) -> tuple[int, int]:
        state = self.house.engine._state
        counts = state.counts.get(T, Counts(T))
        parked = sum(place.trigger == T for place in state.parked)
        waiting = sum(name == T for name, _ in state.waiting)
        settled = counts.delivered + counts.dead + counts.discarded
        return counts.matched, settled + parked + waiting


@settings(max_examples=80)
@given(acts=ACTS, ordered=st.booleans())
def test_every_pair_is_routed_by_one_filter_and_counted_once(
    acts: list[Act], ordered: bool
) -> None:
    operator = Operator(ordered)

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(operator.live(acts))

    assert operator.strays == []
    assert operator.missing() == []
    matched, found = operator.balance()
    assert matched == found
    assert not operator.is_exact or matched == len(operator.pairs())
    steady = set(map(int, operator.house.ids("steady")))
    assert steady == set(range(1, operator.published + 1))
