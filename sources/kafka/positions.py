"""Where each partition begins, by what is stored of it and what the cluster has. Pure.

Records below the source's own key:

    topic/NAME           the topic's id as it is now, and as it was when it was first seen
    at/NAME/PARTITION    the offset of the next record
    pattern/HASH         this pattern has been looked for before

`initialOffset` counts for a topic that has no record. What appears later, a partition of a
known topic or a topic that a known pattern matches, begins at its earliest record: what was
produced before it was noticed must not be lost.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

import orjson

from broker.clock import to_milliseconds
from broker.errors import Invalid
from sources.kafka.options import KafkaOptions
from sources.kafka.topics import EARLIEST, LATEST, Layout, Place, Topic, matching


class KnownTopic(NamedTuple):
    """As its record says; `is_absent`: it was asked for before it existed."""

    id: str | None = None
    first: str | None = None
    is_absent: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What the records say."""

    topics: Mapping[str, KnownTopic]
    at: Mapping[Place, int]
    patterns: frozenset[str]


@dataclass(slots=True)
class Plan:
    """`begin` are offsets, `ask` what to ask the cluster for them (EARLIEST, LATEST, ms).

    `records` are to be stored with what is found. `remade` topics have another id than before,
    `vanished` ones are known and gone, `missing` ones were never there.
    """

    begin: dict[Place, int] = field(default_factory=dict)
    ask: dict[Place, int] = field(default_factory=dict)
    records: dict[str, bytes | None] = field(default_factory=dict)
    remade: list[str] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


class Lost(NamedTuple):
    """Records that cannot be read any more, and where it goes on."""

    what: str
    error: Invalid
    next: int


def known_of(rows: Iterable[tuple[str, bytes]]) -> Known:
    topics: dict[str, KnownTopic] = {}
    at: dict[Place, int] = {}
    patterns: set[str] = set()
    for key, value in rows:
        kind, _, rest = key.partition("/")
        if kind == "topic":
            found = orjson.loads(value)
            topics[rest] = KnownTopic(found.get("id"), found.get("first"), "absent" in found)
        elif kind == "at":
            name, _, number = rest.rpartition("/")
            at[Place(name, int(number))] = orjson.loads(value)["next"]
        elif kind == "pattern":
            patterns.add(key)
    return Known(topics, at, frozenset(patterns))


def at_record(place: Place, offset: int) -> tuple[str, bytes]:
    return f"at/{place.topic}/{place.partition}", b'{"next":%d}' % offset


def absent_records(names: Iterable[str]) -> dict[str, bytes | None]:
    """That topics were asked for before they existed: they are to be read from their start."""
    return {f"topic/{name}": b'{"absent":true}' for name in names}


def plan(layout: Layout, known: Known, options: KafkaOptions) -> Plan:
    made = Plan()
    is_first_look = _look_for(options.topic_pattern, known, made)
    for topic in layout.topics.values():
        before = known.topics.get(topic.name)
        is_new = before is None and is_first_look
        begin = _beginning(options) if is_new else EARLIEST
        if before is not None and before.id and topic.id and before.id != topic.id_text:
            made.remade.append(topic.name)
            made.records.update(dict.fromkeys(_keys_of(topic.name, known)))
        else:
            _go_on(topic, known, made)
        for number in topic.leaders:
            place = Place(topic.name, number)
            if place not in made.begin:
                made.ask[place] = begin
        _remember(topic, before, made)
    _note_absent(layout, known, options, made)
    return made


def _look_for(pattern: str | None, known: Known, made: Plan) -> bool:
    """Whether topics without a record are there by intention, and did not appear later."""
    if pattern is None:
        return True
    key = f"pattern/{blake2b(pattern.encode(), digest_size=8).hexdigest()}"
    if key in known.patterns:
        return False
    made.records[key] = b"{}"
    return True


def _beginning(options: KafkaOptions) -> int:
    if isinstance(options.beginning, datetime):
        return to_milliseconds(options.beginning)
    return EARLIEST if options.beginning == "earliest" else LATEST


def _go_on(topic: Topic, known: Known, made: Plan) -> None:
    for number in topic.leaders:
        place = Place(topic.name, number)
        if place in known.at:
            made.begin[place] = known.at[place]


def _keys_of(name: str, known: Known) -> Sequence[str]:
    return [at_record(place, 0)[0] for place in known.at if place.topic == name]


def _remember(topic: Topic, before: KnownTopic | None, made: Plan) -> None:
    identity = topic.id_text
    if before is not None and not before.is_absent and identity in (None, before.id):
        return
    first = (before and before.first) or identity
    made.records[f"topic/{topic.name}"] = orjson.dumps({"id": identity, "first": first})


def _note_absent(layout: Layout, known: Known, options: KafkaOptions, made: Plan) -> None:
    pattern = options.topic_pattern
    there = [name for name, topic in known.topics.items() if not topic.is_absent]
    names = options.topics if pattern is None else matching(there, pattern)
    for name in names:
        if name not in layout.topics:
            (made.vanished if name in there else made.missing).append(name)


def mark_of(topic: Topic, known: KnownTopic | None) -> str:
    """What ids of events carry beside partition and offset.

    Nothing for a topic as it was first seen. One that was deleted and made anew repeats its
    offsets with other records: without a mark they would pass for repeats, or for forgeries.
    """
    first = known.first if known is not None else None
    identity = topic.id_text
    return f"/topic:{identity}" if first and identity and identity != first else ""


def lost(place: Place, wanted: int, begin: int, end: int) -> Lost | None:
    """What is gone where Kafka says that `wanted` is out of range; None: nothing, ask again."""
    if wanted < begin:
        what = f"the records {wanted} to {begin - 1} were deleted before they were read"
        remedy = "keep records longer (retention.ms), or keep the source running"
        error = Invalid(what, code="offsets-lost", where=str(place), remedy=remedy)
        return Lost(f"{place}/offset:{wanted}-{begin - 1}", error, begin)
    if wanted > end:
        what = f"the log ends at {end}, and {wanted} was to be next: what was read is gone there"
        remedy = "it is read again from its first record; look for a lost disk or replica"
        error = Invalid(what, code="offsets-rewound", where=str(place), remedy=remedy)
        return Lost(f"{place}/offset:{end}-{wanted - 1} (rewound)", error, begin)
    return None
