"""The beginning of a round: where each partition goes on, and what an operator should know."""

from collections.abc import Mapping
from dataclasses import dataclass

from broker.clock import Clock
from broker.errors import Invalid
from broker.event import Event
from sources.kafka.cluster import Cluster
from sources.kafka.failures import UNKNOWN_TOPIC, failure_of_code
from sources.kafka.options import KafkaOptions
from sources.kafka.positions import (
    Known,
    Plan,
    absent_records,
    at_record,
    known_of,
    mark_of,
    plan,
)
from sources.kafka.topics import Layout, Place
from sources.refused import refused_event
from sources.source import BATCH_EVENTS_MAX, Outlet
from sources.spec import SourceSpec

PAGE_RECORDS = 1000


@dataclass(frozen=True, slots=True)
class Begun:
    """`at`: the next offset of each partition, on disk. `marks` of the topics, for ids."""

    at: Mapping[Place, int]
    marks: Mapping[str, str]


class Beginner:
    def __init__(self, spec: SourceSpec, cluster: Cluster, outlet: Outlet, clock: Clock) -> None:
        self._spec = spec
        self._options: KafkaOptions = spec.options
        self._cluster = cluster
        self._outlet = outlet
        self._clock = clock

    async def begin(self, layout: Layout, detail: str) -> Begun:
        """Raises Invalid where a topic was never there, or none is; else it is connected."""
        known = await self._known()
        made = plan(layout, known, self._options)
        await self._judge(made, layout, known)
        self._outlet.standing.connect(detail)
        asked = await self._cluster.offsets(layout, made.ask)
        records = {**made.records, **dict(at_record(*row) for row in asked.items())}
        if records:
            await self._outlet.publish(self._told(made, layout, known), records)
        marks = {
            name: mark_of(topic, known.topics.get(name)) for name, topic in layout.topics.items()
        }
        return Begun({**made.begin, **asked}, marks)

    async def _known(self) -> Known:
        rows: list[tuple[str, bytes]] = []
        while page := await self._outlet.scan("", rows[-1][0] if rows else "", PAGE_RECORDS):
            rows += page
        return known_of(rows)

    async def _judge(self, made: Plan, layout: Layout, known: Known) -> None:
        if made.missing:
            new = [name for name in made.missing if name not in known.topics]
            if new:
                await self._outlet.publish((), absent_records(new))
            raise failure_of_code(UNKNOWN_TOPIC, ", ".join(made.missing))
        for name in made.vanished:
            self._outlet.standing.notice(f"topic {name} is gone; if it comes back it is read again")
        if not layout.topics and self._options.topic_pattern is None:
            raise failure_of_code(UNKNOWN_TOPIC, ", ".join(self._options.topics))
        if not layout.topics:
            pattern = self._options.topic_pattern
            self._outlet.standing.notice(f"no topic matches {pattern} yet; it goes on looking")
        for place in layout.unled():
            self._outlet.standing.notice(f"nobody leads {place}: it waits, the others go on")

    def _told(self, made: Plan, layout: Layout, known: Known) -> list[Event]:
        """An event for each topic that was made anew: its last records may be lost."""
        told: list[Event] = []
        for name in made.remade[:BATCH_EVENTS_MAX]:
            before, now = known.topics[name].id, layout.topics[name].id_text
            what = "the topic was deleted and made anew: what was not read by then is gone"
            remedy = "it is read from its first record; ids of its events end in /topic:ID"
            self._outlet.standing.notice(f"{name}: {what}; {remedy}")
            error = Invalid(what, code="topic-remade", where=name, remedy=remedy)
            stood = {
                str(place.partition): at for place, at in known.at.items() if place.topic == name
            }
            found = {"topic": name, "was": before, "is": now, "next": stood}
            told.append(
                refused_event(self._spec, f"{name} topic:{before}", error, self._clock.now(), found)
            )
        return told
