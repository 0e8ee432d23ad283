"""An event that ends the process: buried after three ends alone, everything else delivered."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass
from broker.event import Event
from sinks.spec import FileSinkSpec
from tests.scenarios.house import House, ScriptedSink, numbered, trigger
from triggers.filters.exact import Exact
from triggers.poison import PREFIX
from triggers.trigger import TriggerSpec

POISON = "7"


class DeadlySink(ScriptedSink):
    """Never comes back from the poison event; the scenario then lets the process die."""

    def __init__(self) -> None:
        super().__init__()
        self.is_dying = False
        self.beside: list[int] = []  # how many other calls were under way at each death
        self.calls = 0

    async def deliver(self, deliveries: Sequence[Delivery], deadline: float) -> Sequence[Outcome]:
        self.calls += 1
        try:
            if any(delivery.event.id == POISON for delivery in deliveries):
                self.is_dying = True
                self.beside.append(self.calls - 1)
                await asyncio.Event().wait()
            return await super().deliver(deliveries, deadline)
        finally:
            self.calls -= 1


class Death(BaseException):
    """What a filter raises here where a real one would end the process."""


class DeadlyFilter(Exact):
    """Matches everything, but dies of the poison event."""

    def __init__(self) -> None:
        super().__init__("specversion", "1.0")

    def matches(self, event: Event) -> bool:
        if event.id == POISON:
            raise Death
        return True


def in_process(name: str = "t", **facts: Any) -> TriggerSpec:
    return replace(trigger(name, **facts), sink=FileSinkSpec(f"default/{name}", f"/{name}"))


async def die_until_settled(
    house: House, *specs: TriggerSpec, sabotage: Callable[[], None] | None = None
) -> int:
    """Start again after each death until all is settled; gives how often the process died."""
    for deaths in range(12):
        await house.start(*specs)
        died: list[BaseException] = []
        house.partition.on_failure = died.append
        if sabotage is not None:
            sabotage()
        sinks = [sink for sink in house.sinks.values() if isinstance(sink, DeadlySink)]

        def is_dead(died: list[BaseException] = died, sinks: list[DeadlySink] = sinks) -> bool:
            return bool(died) or any(sink.is_dying for sink in sinks)

        lanes = list(house.partition.lanes.values())
        await house.until(
            lambda is_dead=is_dead, lanes=lanes: (  # type: ignore[misc]
                is_dead()
                or all(
                    lane.is_following_idle and not lane.in_flight and not lane.parked_count
                    for lane in lanes
                )
            ),
            hours=0.1,
        )
        if not is_dead():
            await house.partition.drain()
            return deaths
        for sink in sinks:
            sink.is_dying = False
        await house.crash()
    raise AssertionError("it is still dying")


@pytest.fixture
def sink(house: House) -> DeadlySink:
    house.sinks["t"] = found = DeadlySink()
    return found


async def begun(house: House, *specs: TriggerSpec, events: int = 20) -> None:
    """Everything is stored and nothing delivered: the triggers were paused."""
    paused = {"spec": {"paused": True}}
    await house.start(*(replace(spec, document=paused, paused=True) for spec in specs))
    await house.publish(*(numbered(number) for number in range(events)))
    await house.stop()


async def records(house: House) -> list[str]:
    return [key for key, _, _ in await house.engine.records.scan(PREFIX)]


async def test_an_event_that_ends_the_process_is_buried_after_three_ends_alone(
    house: House, sink: DeadlySink
) -> None:
    await begun(house, in_process())

    deaths = await die_until_settled(house, in_process())

    assert deaths == 5
    assert sink.beside[2:] == [0, 0, 0]
    (letter,) = await house.dead_letters()
    assert (letter.event.id, letter.reason) == (POISON, "poison")
    assert set(house.ids()) == {str(number) for number in range(20)} - {POISON}
    counts = house.counts()
    assert (counts.matched, counts.delivered, counts.dead) == (20, 19, 1)


async def test_dying_uses_no_attempt(house: House, sink: DeadlySink) -> None:
    await begun(house, in_process(policy={"retry": 0}))

    await die_until_settled(house, in_process(policy={"retry": 0}))

    (letter,) = await house.dead_letters()
    assert [attempt.number for attempt in letter.attempts] == [1]


async def test_a_poison_event_that_was_parked_before_is_buried_too(
    house: House, sink: DeadlySink
) -> None:
    house.sinks["t"] = failing = ScriptedSink()
    failing.answer = lambda _: Failed(OutcomeClass.TRANSIENT, "not yet")
    await house.start(in_process())
    await house.publish(*(numbered(number) for number in range(20)))
    await house.until(lambda: house.lane().parked_count == 20)
    await house.crash()
    house.sinks["t"] = sink

    await die_until_settled(house, in_process())

    (letter,) = await house.dead_letters()
    assert (letter.event.id, letter.reason) == (POISON, "poison")


async def test_triggers_that_wait_for_http_are_not_slowed(house: House, sink: DeadlySink) -> None:
    specs = in_process(), trigger("http")
    house.answers("http", lambda _: Delivered()).delay_seconds = 0.2
    await begun(house, *specs, events=64)

    for _ in range(3):
        await house.start(*specs)
        await house.until(lambda: sink.is_dying, hours=0.1)
        sink.is_dying = False
        await house.crash()
    await house.start(*specs)
    await asyncio.sleep(0.1)

    assert house.lane("http").in_flight == 32
    assert house.lane("t").in_flight == 1


async def test_once_doubts_are_settled_nothing_is_left_of_them(
    house: House, sink: DeadlySink
) -> None:
    await begun(house, in_process())
    await die_until_settled(house, in_process())

    await asyncio.sleep(3)

    assert await records(house) == []
    assert house.lane().sink is sink
    assert house.lane().max_in_flight == 32
    suspected = [fields for name, fields in house.signals if name == "poison.suspected"]
    assert [fields["ends"] for fields in suspected] == [1, 2, 3]


async def test_an_innocent_event_under_way_at_two_ends_is_delivered(house: House) -> None:
    slow = house.answers("t", lambda _: Delivered())
    await begun(house, in_process(), events=3)
    for _ in range(4):
        await house.start(in_process())
        slow.delay_seconds = 5.0
        await asyncio.sleep(1)
        await house.crash()

    slow.delay_seconds = 0.0
    await house.start(in_process())
    await house.settle()

    assert house.ids() == ["0", "1", "2"]
    assert await house.dead_letters() == []


async def test_a_delivery_overdue_at_a_clean_end_is_not_blamed(house: House) -> None:
    slow = house.answers("t", lambda _: Delivered())
    await begun(house, in_process(), events=1)
    for _ in range(3):
        await house.start(in_process())
        slow.delay_seconds = 5.0
        await asyncio.sleep(1)
        await house.crash()
    await house.start(in_process())
    await asyncio.sleep(1)
    suspected = await records(house)

    await house.partition.close()

    assert suspected == ["poison/deliver/1/default/t"]
    assert await records(house) == []


async def test_doubts_do_not_end_where_a_supervisor_waits_long_before_each_start(
    house: House, sink: DeadlySink
) -> None:
    await begun(house, in_process())
    deaths = 0
    await house.start(in_process())
    await asyncio.sleep(3)
    while sink.is_dying and deaths < 8:
        sink.is_dying = False
        await house.crash()
        await asyncio.sleep(20.0 * 2**deaths)
        deaths += 1
        await house.start(in_process())
        await asyncio.sleep(3)

    assert deaths == 5
    assert [letter.reason for letter in await house.dead_letters()] == ["poison"]


async def test_a_single_unclean_end_makes_nobody_cautious(house: House) -> None:
    house.answers("t", lambda _: Delivered()).delay_seconds = 1.0
    await begun(house, in_process())
    await house.start(in_process())
    await house.crash()

    await house.start(in_process())
    await asyncio.sleep(0.1)

    assert house.lane().in_flight == 20


async def test_caution_ends_for_a_long_backlog_after_a_thousand_deliveries(house: House) -> None:
    await begun(house, in_process(), events=2500)
    for _ in range(2):
        await house.start(in_process())
        await house.crash()

    await house.start(in_process())
    house.sinks["t"].delay_seconds = 0.01
    await house.until(lambda: house.lane().in_flight > 1)

    assert 1000 <= len(house.ids()) < 1200


@pytest.mark.parametrize("names", ["t", "tu"])
async def test_an_event_that_ends_the_process_in_a_filter_is_buried_for_that_trigger_only(
    house: House, names: str
) -> None:
    specs = [trigger(name) for name in names]
    await begun(house, *specs)

    def sabotage() -> None:
        lane = house.lane("t")
        lane.revisions = [(number, start, DeadlyFilter()) for number, start, _ in lane.revisions]

    deaths = await die_until_settled(house, *specs, sabotage=sabotage)

    assert deaths <= 7
    (letter,) = await house.dead_letters()
    assert (letter.event.id, letter.reason) == (POISON, "poison")
    assert letter.place.trigger == "default/t"
    assert set(house.ids("t")) == {str(number) for number in range(20)} - {POISON}
    assert len(set(house.ids(names[-1]))) == 20 - (names == "t")
