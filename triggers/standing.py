"""Where a trigger begins after a start: pure, from what was loaded and what is configured."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from broker.storage.rows import Cursor, Loaded, Revision, TriggerState
from triggers.filters.build import build_filter
from triggers.filters.filter import Filter
from triggers.trigger import TriggerSpec

REMOVED_SPEC = b'{"removed":true}'


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


def stand(
    spec: TriggerSpec,
    stored: Sequence[Revision],
    loaded: Loaded,
    start_offset: int,
    now: datetime,
) -> Standing:
    """Where `spec` stands. `stored` are its own revisions, ascending; `start_offset` is what
    its `start` means in this log.

    A changed spec is a new revision whose filter counts from what is stored next; the old
    one routes what was stored before. A pause that an answer or an operator asked for ends
    with a new spec.
    """
    document = document_of(spec)
    state = loaded.states.get(spec.name)
    if not stored or stored[-1].spec == REMOVED_SPEC:
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
        revisions=_needed((*stored, applied) if applied else tuple(stored), at.offset),
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


def filter_of(spec: bytes) -> Filter:
    """The filter of a stored document; that of a removed trigger matches nothing."""
    if spec == REMOVED_SPEC:
        return build_filter([{"cesql": "FALSE"}])
    body = orjson.loads(spec).get("spec", {})
    legacy = body.get("filter") or {}
    return build_filter(tuple(body.get("filters") or ()), legacy.get("attributes"))


def removed(name: str, loaded: Loaded, now: datetime) -> Revision:
    """What ends a trigger: from the next event on nothing matches it."""
    number = max(r.number for r in loaded.revisions if r.trigger == name) + 1
    return Revision(name, number, loaded.last_offset + 1, REMOVED_SPEC, now)


def left_behind(loaded: Loaded, configured: frozenset[str]) -> tuple[str, ...]:
    """Triggers that the store knows and the configuration no longer names, sorted."""
    latest = {revision.trigger: revision for revision in loaded.revisions}
    known = {name for name, revision in latest.items() if revision.spec != REMOVED_SPEC}
    return tuple(sorted(known - configured))
