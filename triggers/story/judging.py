"""Judge: which triggers matched an event, by the revisions that were in force at its offset."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from broker.event import StoredEvent
from broker.storage.rows import Revision
from triggers.filters.explanation import explain_stored
from triggers.filters.filter import Filter
from triggers.partition import Partition
from triggers.revisions import is_removed
from triggers.standing import filter_of
from triggers.story.facts import Verdict

TRIGGERS_A_TURN = 100  # of the event loop, which has deliveries to make


@dataclass(frozen=True, slots=True)
class Judged:
    """The first of both kinds by name, explained, and how many there are of each."""

    matching: tuple[Verdict, ...]
    refusing: tuple[Verdict, ...]
    matched: int
    unmatched: int


async def judge(
    stored: StoredEvent, partition: Partition, matching_max: int, refusing_max: int
) -> Judged:
    """Of all triggers that there were at the event's offset, also those removed since."""
    matching: list[str] = []
    refusing: list[str] = []
    for number, name in enumerate(list(partition.revisions), 1):
        if number % TRIGGERS_A_TURN == 0:
            await asyncio.sleep(0)
        filter_ = filter_then(partition, name, stored.offset)
        if filter_ is not None:
            (matching if filter_.matches(stored.event) else refusing).append(name)
    return Judged(
        _verdicts(stored, partition, sorted(matching)[:matching_max]),
        _verdicts(stored, partition, sorted(refusing)[:refusing_max]),
        len(matching),
        len(refusing),
    )


def filter_then(partition: Partition, trigger: str, offset: int) -> Filter | None:
    """The filter in force at `offset`: a lane's where it still has it, else built again."""
    lane = partition.lanes.get(trigger)
    if lane is not None and (found := lane.filter_at(offset)) is not None:
        return found
    revision = in_force(partition.revisions.of(trigger), offset)
    return None if revision is None or is_removed(revision) else filter_of(revision.spec)


def in_force(revisions: Sequence[Revision], offset: int) -> Revision | None:
    """The last that does not begin beyond `offset`: a seek may go back before earlier ones."""
    return next((one for one in reversed(revisions) if one.from_offset <= offset), None)


def _verdicts(
    stored: StoredEvent, partition: Partition, triggers: Sequence[str]
) -> tuple[Verdict, ...]:
    found = []
    for name in triggers:
        revision = in_force(partition.revisions.of(name), stored.offset)
        assert revision is not None, "it was judged by one"
        body = orjson.loads(revision.spec).get("spec", {})
        attributes = (body.get("filter") or {}).get("attributes")
        explained = explain_stored(body.get("filters") or (), attributes, stored.event)
        found.append(Verdict(name, revision.number, explained.matched, explained.deciding))
    return tuple(found)
