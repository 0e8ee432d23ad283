"""What a cluster has: topics, their partitions and who leads them. Pure."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

NOBODY = -1  # leads a partition during an election
EARLIEST, LATEST = -2, -1  # instead of a time, where an offset is asked for


class Place(NamedTuple):
    """One partition."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic} partition:{self.partition}"


class Broker(NamedTuple):
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Topic:
    """`id` is None where the brokers are too old to tell it; a topic made anew has another."""

    name: str
    id: bytes | None
    leaders: Mapping[int, int]  # by partition; NOBODY during an election

    @property
    def id_text(self) -> str | None:
        """As Kafka's own tools show it."""
        return None if self.id is None else urlsafe_b64encode(self.id).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Layout:
    """All that was asked for; `errors` are Kafka's codes, by topic, of those it cannot tell of."""

    cluster: str
    brokers: Mapping[int, Broker]
    topics: Mapping[str, Topic]
    errors: Mapping[str, int]

    def places(self) -> Iterator[Place]:
        for topic in self.topics.values():
            yield from (Place(topic.name, number) for number in sorted(topic.leaders))

    def leader(self, place: Place) -> int:
        """NOBODY too where the leader is not among the brokers: it has just died."""
        found = self.topics[place.topic].leaders[place.partition]
        return found if found in self.brokers else NOBODY

    def by_leader(self) -> dict[int, list[Place]]:
        """The partitions of each broker; those that nobody leads are not among them."""
        found: dict[int, list[Place]] = {}
        for place in self.places():
            if (leader := self.leader(place)) != NOBODY:
                found.setdefault(leader, []).append(place)
        return found

    def unled(self) -> list[Place]:
        return [place for place in self.places() if self.leader(place) == NOBODY]


def matching(topics: Sequence[str], pattern: str) -> list[str]:
    """Those that `pattern` matches whole; Kafka's own, which begin with __, never do."""
    expression = re.compile(pattern)
    return [name for name in topics if not name.startswith("__") and expression.fullmatch(name)]


def narrowed(layout: Layout, pattern: str) -> Layout:
    """`layout` with only the topics that `pattern` matches."""
    names = set(matching([*layout.topics, *layout.errors], pattern))
    return Layout(
        layout.cluster,
        layout.brokers,
        {name: topic for name, topic in layout.topics.items() if name in names},
        {name: code for name, code in layout.errors.items() if name in names},
    )
