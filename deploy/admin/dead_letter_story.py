"""Why a dead letter is one: how it came to be, and what would become of it today."""

from typing import Any

import orjson

from broker.storage.rows import DeadLetter
from deploy.explanation_view import explanation_view
from triggers.filters.explanation import explain_stored
from triggers.lane import Lane
from triggers.partition import Partition
from triggers.revisions import is_removed
from triggers.story.judging import in_force


async def story_of(partition: Partition, letter: DeadLetter) -> dict[str, Any]:
    """`then`: who published it and the clause that matched; `today`: the trigger as it is."""
    return {
        "then": {**await _published(partition, letter), **_matched(partition, letter)},
        "today": _today(partition.lanes.get(letter.place.trigger), letter),
    }


async def _published(partition: Partition, letter: DeadLetter) -> dict[str, Any]:
    """From the log, which may have forgotten it."""
    offset = letter.place.offset
    page = await partition.engine.log.read(offset - 1, 1, 1)
    if not page or page[0].offset != offset:
        return {"in_log": False, "principal": None, "cause": None}
    cause = page[0].cause
    told = None if cause is None else {"offset": cause.offset, "trigger": cause.trigger}
    return {"in_log": True, "principal": page[0].principal, "cause": told}


def _matched(partition: Partition, letter: DeadLetter) -> dict[str, Any]:
    """By the revision in force at its offset."""
    place = letter.place
    revision = in_force(partition.revisions.of(place.trigger), place.offset)
    if revision is None or is_removed(revision):
        return {"revision": None, "filter": None}
    body = orjson.loads(revision.spec).get("spec", {})
    attributes = (body.get("filter") or {}).get("attributes")
    explained = explain_stored(body.get("filters") or (), attributes, letter.event)
    return {"revision": revision.number, "filter": explanation_view(explained)}


def _today(lane: Lane | None, letter: DeadLetter) -> dict[str, Any] | None:
    """None where the trigger is not configured any more."""
    if lane is None or not lane.revisions:
        return None
    explained = explain_stored(lane.spec.filters, lane.spec.attributes, letter.event)
    return {
        "revision": lane.revisions[-1][0],
        "is_paused": lane.is_paused,
        "sink": lane.sink.name,
        "sink_state": lane.target.state.value,
        "matches": explained.matched,
        "filter": explanation_view(explained),
    }
