"""Order by key: whatever fails and whenever it dies, nothing overtakes within a key."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass, Reason
from tests.scenarios.house import House, JumpingLoop, ScriptedSink, numbered, trigger

REFUSED = Failed(OutcomeClass.BAD_INPUT, "HTTP 422", status=422, reason=Reason.REFUSED)
BUSY = Failed(OutcomeClass.TRANSIENT, "HTTP 503", status=503)
OVERLOADED = Failed(OutcomeClass.OVERLOAD, "HTTP 429", status=429, retry_after_seconds=1.0)


@dataclass(frozen=True)
class Fate:
    """What the sink does with one event: how slow it is, how often it fails, how it ends."""

    key: str | None
    seconds: float
    failures: tuple[Failed, ...]
    last: Outcome


FATES = st.builds(
    Fate,
    key=st.sampled_from(["a", "b", "c", None]),
    seconds=st.sampled_from([0.0, 0.0, 0.01, 0.3]),
    failures=st.lists(st.sampled_from([BUSY, BUSY, OVERLOADED]), max_size=3).map(tuple),
    last=st.sampled_from([Delivered(), Delivered(), Delivered(), REFUSED]),
)
CRASHES = st.lists(
    st.tuples(st.integers(0, 20), st.sampled_from([0.001, 0.02, 0.03, 0.06, 0.5, 2.0])),
    max_size=3,
)


@dataclass
class Witness(ScriptedSink):
    """Sees each attempt begin and end, over all lives of the broker."""

    fates: Sequence[Fate]
    life: int = 0
    attempts: list[tuple[int, int]] = field(default_factory=list)  # life, number
    ended: set[int] = field(default_factory=set)
    overtaken: list[tuple[int, int]] = field(default_factory=list)  # number, not yet ended

    def __post_init__(self) -> None:
        super().__init__()
        self._left = [list(fate.failures) for fate in self.fates]

    async def deliver(self, deliveries: Sequence[Delivery], deadline: float) -> Sequence[Outcome]:
        (delivery,) = deliveries
        number = int(delivery.event.id)
        fate, left = self.fates[number], self._left[number]
        self.attempts.append((self.life, number))
        self.overtaken += [
            (number, earlier)
            for earlier in range(number)
            if fate.key is not None
            and self.fates[earlier].key == fate.key
            and earlier not in self.ended
        ]
        await asyncio.sleep(fate.seconds)
        outcome = left.pop(0) if left else fate.last
        if outcome is fate.last or (outcome is BUSY and delivery.attempt == 3):
            self.ended.add(number)
        return [outcome]

    def steps_back(self) -> list[tuple[int, int]]:
        """Within one life: an event of a key that was attempted after a later one."""
        found = []
        for index, (life, number) in enumerate(self.attempts):
            found += [
                (later, number)
                for before, later in self.attempts[:index]
                if before == life and later > number and self.same_key(later, number)
            ]
        return found

    def same_key(self, one: int, other: int) -> bool:
        return self.fates[one].key == self.fates[other].key is not None


async def live(
    fates: Sequence[Fate], crashes: Sequence[tuple[int, float]]
) -> tuple[House, Witness]:
    """Publish all, dying so long after the event of each crash; then let it come to rest."""
    house, witness = House(), Witness(fates)
    house.sinks["t"] = witness
    ordered = trigger(order_by="partitionkey", policy={"retry": 2, "backoff_delay_seconds": 0.2})
    await house.start(ordered)
    for number, fate in enumerate(fates):
        key = {} if fate.key is None else {"partitionkey": fate.key}
        await house.publish(numbered(number, **key))
        for _, seconds in [crash for crash in crashes if crash[0] == number]:
            await asyncio.sleep(seconds)
            await house.crash()
            witness.life += 1
            await house.start(ordered)
    await house.until(lambda: len(witness.ended) == len(fates))
    await house.settle()
    await house.end()
    return house, witness


@settings(max_examples=60)
@given(fates=st.lists(FATES, min_size=1, max_size=20), crashes=CRASHES)
def test_no_event_is_attempted_before_those_of_its_key_that_came_first_are_settled(
    fates: list[Fate], crashes: list[tuple[int, float]]
) -> None:
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        house, witness = runner.run(live(fates, crashes))

    assert witness.overtaken == []
    assert witness.steps_back() == []
    assert witness.ended == set(range(len(fates)))
    counts = house.counts()
    assert counts.matched == counts.delivered + counts.dead == len(fates)


async def test_a_slow_key_takes_no_more_than_its_own_slot(house: House) -> None:
    fates = [Fate("slow" if n < 5 else f"k{n}", 60.0 if n < 5 else 0.0, (), Delivered())
             for n in range(105)]  # fmt: skip
    house.sinks["t"] = witness = Witness(fates)
    await house.start(trigger(order_by="partitionkey"))

    await house.publish(*(numbered(n, partitionkey=fates[n].key or "") for n in range(105)))
    await asyncio.sleep(1)

    assert witness.ended == set(range(5, 105))


async def test_events_without_the_attribute_wait_for_nobody(house: House) -> None:
    fates = [Fate(None, 60.0 - n, (), Delivered()) for n in range(10)]
    house.sinks["t"] = witness = Witness(fates)
    await house.start(trigger(order_by="partitionkey"))

    await house.publish(*(numbered(n) for n in range(10)))
    await asyncio.sleep(1)

    assert [number for _, number in witness.attempts] == list(range(10))
