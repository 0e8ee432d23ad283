"""Where a trigger begins after a start: pure, from what was loaded and what is configured."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from broker.storage.rows import Cursor, Loaded, Revision, TriggerState
from triggers.trigger import TriggerSpec

REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Standing:
    """`revisions` are all that may still route (ascending); `applied` is the one to write.

    `position` and `settled` are the cursor; `has_row` tells whether the store has it.
    `pause` is a pause to keep, None for none.
    """

    revisions: tuple[Revision, ...]
    applied: Revision | None
    position: int
    settled: tuple[tuple[int, int], ...]
    has_row: bool
    pause: TriggerState | None


def document_of(spec: TriggerSpec) -> bytes:
    """The spec as it is stored with its revision: JSON, keys sorted, secrets by reference."""
    return orjson.dumps(spec.document, option=orjson.OPT_SORT_KEYS)


def stand(spec: TriggerSpec, loaded: Loaded, start_offset: int, now: datetime) -> Standing:
    """Where `spec` stands. `start_offset` is what its `start` means in this log.

    A changed spec is a new revision whose filter counts from what is stored next; the old
    one routes what was stored before. A pause that an answer or an operator asked for ends
    with a new spec.
    """
    document = document_of(spec)
    stored = tuple(r for r in loaded.revisions if r.trigger == spec.name)
    state = loaded.states.get(spec.name)
    if not stored or (state is not None and state.reason == REMOVED):
        number = stored[-1].number + 1 if stored else 1
        first = Revision(spec.name, number, start_offset + 1, document, now)
        return Standing((first,), first, start_offset, (), has_row=False, pause=None)
    cursor = loaded.cursors.get(spec.name)
    at = cursor or Cursor(spec.name, loaded.routed)
    is_same = stored[-1].spec == document
    applied = (
        None
        if is_same
        else Revision(spec.name, stored[-1].number + 1, loaded.last_offset + 1, document, now)
    )
    return Standing(
        revisions=_needed((*stored, applied) if applied else stored, at.offset),
        applied=applied,
        position=max(at.offset, loaded.first_offset - 1),
        settled=at.settled,
        has_row=cursor is not None,
        pause=state if is_same and state is not None and state.paused else None,
    )


def _needed(revisions: tuple[Revision, ...], position: int) -> tuple[Revision, ...]:
    """Without the revisions that no offset beyond `position` needs."""
    first = 0
    for index, revision in enumerate(revisions):
        if revision.from_offset <= position + 1:
            first = index
    return revisions[first:]


def filter_parts(spec: bytes) -> tuple[tuple[Mapping[str, Any], ...], Mapping[str, str] | None]:
    """(filters, legacy attributes) of a stored document; as in the resource's `spec`."""
    body = orjson.loads(spec).get("spec", {})
    legacy = body.get("filter") or {}
    return tuple(body.get("filters") or ()), legacy.get("attributes")


def left_behind(loaded: Loaded, configured: frozenset[str]) -> tuple[str, ...]:
    """Triggers that the store knows and the configuration no longer names, sorted."""
    known = {revision.trigger for revision in loaded.revisions}
    gone = {name for name, state in loaded.states.items() if state.reason == REMOVED}
    return tuple(sorted(known - gone - configured))
