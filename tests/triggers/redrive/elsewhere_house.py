"""A house whose redrives may go to another sink, or to a broker."""

import asyncio
from collections.abc import Sequence
from functools import partial
from urllib.parse import urlsplit

from broker.dedupe import key_of
from broker.event import Event
from broker.storage.rows import Record
from broker.waiting import Done
from sinks.spec import HttpSinkSpec
from tests.scenarios.house import House, numbered, trigger
from tests.triggers.redrive.jobs_house import WHO, redrives, refuse
from triggers.redrive import Aim, Options, OtherBroker, OtherSink, PlanRequest, RedriveJob
from triggers.redrive.aim import found_name, is_url
from triggers.redrive.aim_facts import SinkFacts

OTHER = "other"
TO_SINK = Aim(sink=OTHER)
TO_BROKER = Aim(broker="default")


class SlowDoor:
    """The door of a house, behind which everything takes a second."""

    def __init__(self, house: House) -> None:
        self._house = house

    def accept(
        self,
        events: Sequence[Event],
        done: Done,
        principal: str = "",
        records: Sequence[Record] = (),
        is_system: bool = False,
    ) -> None:
        accept = partial(self._house.intake.accept, events, done, principal, records, is_system)
        asyncio.get_running_loop().call_later(1.0, accept)


class HouseReach:
    """What a house has: scripted sinks by their names, and its one broker."""

    def __init__(self, house: House, *names: str) -> None:
        self._house = house
        self.names = [f"default/{name}" for name in names]
        self.is_broker_there = True
        self.is_slow = False

    def sinks(self) -> Sequence[str]:
        return self.names

    def brokers(self) -> Sequence[str]:
        return ["default/default"]

    def facts_of(self, sink: str, triggers: Sequence[str]) -> SinkFacts:
        return SinkFacts(sink, "HTTP subscriber", frozenset({"HTTP subscriber"}))

    async def try_url(self, url: str, broker: str) -> None:
        """Every one answers here."""

    async def sink(self, name: str, broker: str) -> OtherSink:
        if is_url(name):
            return OtherSink(HttpSinkSpec(name), self._house._endpoint(urlsplit(name).netloc))
        found_name("sink", name, "default", self.names)
        own = name.partition("/")[2]
        return OtherSink(HttpSinkSpec(f"http://{own}/"), self._house._endpoint(own))

    def broker(self, name: str) -> OtherBroker | None:
        house = self._house
        if not self.is_broker_there:
            return None

        def offset_of(principal: str, event: Event) -> int | None:
            return house.intake.recent.find(key_of(principal, event))

        def forget(records: Sequence[Record]) -> None:
            house.partition.ledger.records += records

        def event_bytes_max() -> int:
            return house.intake.options.limits.event_bytes

        door = SlowDoor(house) if self.is_slow else house.intake
        return OtherBroker(door, house.engine.records, event_bytes_max, offset_of, forget)


async def house_elsewhere(count: int) -> House:
    """Trigger t has `count` dead letters and refuses still; `other` is a sink of no trigger."""
    house = House()
    house.reach = HouseReach(house, OTHER)
    house.answers("t", refuse)
    house.answers(OTHER, [])
    await house.start(trigger("t"))
    await house.publish(*(numbered(number) for number in range(count)))
    await house.settle()
    house.sinks["t"].deliveries.clear()
    return house


async def begin(house: House, aim: Aim, options: Options | None = None) -> RedriveJob:
    plan = await redrives(house).make_plan(PlanRequest("redrive", aim=aim), WHO)
    job, _ = await redrives(house).redrive(plan.id, options or Options(), WHO)
    return job


async def restart(house: House) -> None:
    """As after a power cut."""
    await house.crash()
    await house.start(trigger("t"))
