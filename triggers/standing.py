"""Where a trigger stands, at a start and at a reload: pure, from what the store knows of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from broker.storage.rows import Cursor, Revision, TriggerState
from triggers.filters.build import build_filter
from triggers.filters.filter import Filter
from triggers.revisions import REMOVED_SPEC, is_removed
from triggers.trigger import TriggerSpec

ANSWER = "answer"  # what a sink's answer did, as `by` of a pause
CONFIGURATION = "configuration"


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of one trigger, and of the log that it stands in.

    Without a `cursor` it stands at `routed`. `revisions` are its own, ascending.
    """

    revisions: Sequence[Revision]
    cursor: Cursor | None
    state: TriggerState | None
    routed: int
    first_offset: int
    last_offset: int


@dataclass(frozen=True, slots=True)
class Standing:
    """`revisions` are all that may still route (ascending); `applied` is the one to write.

    `position` and `settled` are the cursor; `has_row` tells whether the store has it.
    `state` says whether it is paused.
    """

    revisions: tuple[Revision, ...]
    applied: Revision | None
    position: int
    settled: tuple[tuple[int, int], ...]
    has_row: bool
    state: TriggerState


def document_of(spec: TriggerSpec) -> bytes:
    """The spec as it is stored with its revision: JSON, keys sorted, secrets by reference."""
    return orjson.dumps(spec.document, option=orjson.OPT_SORT_KEYS)


def begin(spec: TriggerSpec, known: Known, start_offset: int, now: datetime) -> Standing:
    """A new trigger, or one that had ended: it begins after `start_offset`."""
    number = known.revisions[-1].number + 1 if known.revisions else 1
    first = Revision(spec.name, number, start_offset + 1, document_of(spec), now)
    state = TriggerState(spec.name, spec.paused, by=CONFIGURATION, since=now)
    return Standing((first,), first, start_offset, (), has_row=False, state=state)


def stand(spec: TriggerSpec, known: Known, now: datetime) -> Standing:
    """Where a trigger that the store knows goes on, also one that was being removed.

    A changed spec is a new revision whose filter counts from what is stored next; the old
    one routes what was stored before.
    """
    document, last = document_of(spec), known.revisions[-1]
    applied = None
    if last.spec != document:
        applied = Revision(spec.name, last.number + 1, known.last_offset + 1, document, now)
    before = next((r.spec for r in reversed(known.revisions) if r.spec != REMOVED_SPEC), document)
    is_mended = subscriber_of(before) != subscriber_of(document)
    return _standing(known, applied, state_after(spec, before, known.state, is_mended, now))


def stand_removed(spec: TriggerSpec, known: Known, now: datetime) -> Standing:
    """Where a trigger goes on that is not configured any more: it only finishes what it has."""
    applied = removed(spec.name, known.revisions, known.last_offset, now)
    return _standing(known, applied, known.state or TriggerState(spec.name))


def _standing(known: Known, applied: Revision | None, state: TriggerState) -> Standing:
    cursor = known.cursor
    position = known.routed if cursor is None else cursor.offset
    revisions = (*known.revisions, applied) if applied else tuple(known.revisions)
    return Standing(
        revisions=needed(revisions, position),
        applied=applied,
        position=max(position, known.first_offset - 1),
        settled=() if cursor is None else cursor.settled,
        has_row=cursor is not None,
        state=state,
    )


def needed(revisions: Sequence[Revision], position: int) -> tuple[Revision, ...]:
    """Those that an offset beyond `position` may still need, ascending by `from_offset`.

    A later revision counts for all from where it begins: after a seek back, for what
    earlier ones began with.
    """
    found: list[Revision] = []
    for revision in revisions:
        while found and found[-1].from_offset >= revision.from_offset:
            found.pop()
        found.append(revision)
    while len(found) > 1 and found[1].from_offset <= position + 1:
        found.pop(0)
    return tuple(found)


def state_after(
    spec: TriggerSpec,
    before: bytes,
    state: TriggerState | None,
    is_mended: bool,
    now: datetime,
) -> TriggerState:
    """Whether `spec` is paused. `before` is the document that counted until now.

    What a command or an answer did stays until `paused` is written differently; what an
    answer did also ends when the trigger has another subscriber (`is_mended`).
    """
    is_rewritten = paused_of(before) != paused_of(document_of(spec))
    if state is None and not is_rewritten:
        return TriggerState(spec.name, spec.paused)
    is_mended = is_mended and state is not None and state.paused and state.by == ANSWER
    if state is None or is_rewritten or is_mended:
        return TriggerState(spec.name, spec.paused, by=CONFIGURATION, since=now)
    return state


def body_of(document: bytes) -> dict[str, Any]:
    """What stands under `spec` in a stored document."""
    body = orjson.loads(document).get("spec") or {}
    return body if isinstance(body, dict) else {}


def paused_of(document: bytes) -> object:
    """`paused` as it is written, a reference too."""
    return body_of(document).get("paused") or False


def subscriber_of(document: bytes) -> object:
    return body_of(document).get("subscriber")


def filter_of(spec: bytes) -> Filter:
    """The filter of a stored document; that of a removed trigger matches nothing."""
    if spec == REMOVED_SPEC:
        return build_filter([{"cesql": "FALSE"}])
    body = body_of(spec)
    legacy = body.get("filter") or {}
    return build_filter(tuple(body.get("filters") or ()), legacy.get("attributes"))


def removed(
    name: str, revisions: Sequence[Revision], last_offset: int, now: datetime
) -> Revision | None:
    """What ends a trigger: from the next event on nothing matches it. None: it is there."""
    if is_removed(revisions[-1]):
        return None
    return Revision(name, revisions[-1].number + 1, last_offset + 1, REMOVED_SPEC, now)
