"""Edited dead letters: what may be changed, and the way of an edited copy. Pure.

The copy is another event with an id of its own, delivered to the same trigger only. Its row is
named by the dead letter, which stays `redriving` meanwhile: with the sink's 2xx it becomes
`redriven-edited`, and if the copy is given up it is `dead` as before, its own bytes untouched.
What was sent, and how it failed, is a record: the next edit begins from there.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
import orjson

from broker.admission import check_type
from broker.clock import from_milliseconds, to_milliseconds
from broker.codec import Limits, decode_structured, encode_structured, make_event
from broker.delivery import Failed
from broker.errors import Invalid
from broker.event import Event
from broker.storage.rows import DeadLetter, DeadState, Move, ParkedRow, Place, Record
from triggers.carriage import REDRIVE
from triggers.fingerprint import dead_letter_id

EDITED: Final = REDRIVE + "edited/"  # before the dead letter's id, in the step of a copy's row
PREFIX: Final = "desk/edit/"  # of a record: desk/edit/LETTER
ORIGINAL: Final = "headraceoriginal"
LOCKED: Final = ("specversion", "id", "source")  # and all that begin with `headrace`
MESSAGE_CHARACTERS_MAX: Final = 500
OWN_LIMITS: Final = Limits(event_bytes=64 << 20)  # of what was checked before it was written


@dataclass(frozen=True, slots=True)
class Edit:
    """What somebody has sent in place of a dead letter; `message` is why it failed, if it did."""

    event: Event
    at: datetime
    by: str
    message: str = ""


def is_locked(name: str) -> bool:
    return name in LOCKED or name.startswith("headrace")


def document_of(event: Event) -> dict[str, Any]:
    """The event as one JSON object, for an editor; numbers of any size stay what they are."""
    found: dict[str, Any] = json.loads(encode_structured(event))
    return found


def text_of(event: Event) -> str:
    """The event as JSON for an editor: a line for each attribute, JSON data as it is written."""
    members = msgspec.json.decode(encode_structured(event), type=dict[str, msgspec.Raw])
    lines = [b"  %b: %b" % (orjson.dumps(name), bytes(raw)) for name, raw in members.items()]
    return (b"{\n%b\n}" % b",\n".join(lines)).decode()


def draft_of(event: Event, edit: Edit) -> Event:
    """What somebody has sent in place of `event`, as far as it may be changed again."""
    own = {name: value for name, value in event.attributes.items() if is_locked(name)}
    said = {name: value for name, value in edit.event.attributes.items() if not is_locked(name)}
    return make_event({**own, **said}, edit.event.data)


def edited_text(letter: DeadLetter, text: str, limits: Limits) -> Event:
    """The copy of `letter` that says what `text` says; all in it is kept as it is spelled.

    Raises Invalid as `edited_event` does.
    """
    event = letter.event
    written = decode_structured(text.encode("utf-8", "replace"), limits)
    data = event.data if _is_as_written(written.data, event.data) else written.data
    _check_locked(event.attributes, written.attributes)
    if (written.attributes, data) == (event.attributes, event.data):
        raise Invalid("nothing is changed", code="no-change", remedy="redrive it as it is")
    own = {"id": f"{event.id}-edited-{letter.redrives + 1}", ORIGINAL: event.id}
    edited = make_event({**written.attributes, **own}, data, limits)
    if edited.type != event.type:
        check_type(edited)
    return edited


def _is_as_written(data: bytes | None, before: bytes | None) -> bool:
    """Forms and editors end lines as they like; in JSON data that is all that a line's end is."""
    if data is None or before is None:
        return data is before
    return data.replace(b"\r\n", b"\n") == before.replace(b"\r\n", b"\n")


def edited_event(letter: DeadLetter, document: Mapping[str, Any], limits: Limits) -> Event:
    """The copy of `letter` that says what `document` says, with an id of its own.

    Data that is not changed keeps its very bytes. Raises Invalid where the document is no
    event, changes what is locked, or changes nothing.
    """
    event = letter.event
    before = document_of(event)
    _check_locked(before, document)
    if dict(document) == before:
        raise Invalid("nothing is changed", code="no-change", remedy="redrive it as it is")
    wanted = {**document, "id": f"{event.id}-edited-{letter.redrives + 1}", ORIGINAL: event.id}
    edited = decode_structured(_written(wanted), limits)
    if edited.type != event.type:
        check_type(edited)
    is_same = all(before.get(name) == document.get(name) for name in ("data", "data_base64"))
    if is_same and event.data is not None:
        return Event(edited.attributes, event.data, edited.head)
    return edited


def _check_locked(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    for name in sorted({*before, *after}):
        if is_locked(name) and before.get(name) != after.get(name):
            raise Invalid(
                f"{name} may not be changed",
                code="locked-attribute",
                where=name,
                remedy="leave it as it is: the copy gets an id of its own, and points to this one",
            )


def _written(document: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(document, allow_nan=False, separators=(",", ":")).encode()
    except ValueError as error:
        raise Invalid(
            "a number is too large for JSON, or none",
            code="invalid-json",
            where="document",
            remedy="write it as a text, or with fewer digits before the point",
        ) from error


def edited_row(letter: DeadLetter, event: Event, order_key: str | None, now: datetime) -> ParkedRow:
    """The parked row that carries the copy: due now, with a budget and a delivery of its own."""
    place = letter.place
    return ParkedRow(
        place=Place(place.trigger, place.offset, EDITED + letter.id),
        delivery_id=f"{letter.delivery_id}/edited/{letter.redrives + 1}",
        attempt=1,
        due_at=now,
        wait_seconds=0.0,
        age_seconds=0.0,
        first_at=now,
        stored_at=letter.stored_at,
        event=event,
        order_key=order_key,
        redrives=letter.redrives + 1,
    )


def edited_letter(place: Place) -> str | None:
    """The dead letter whose edited copy goes by that place; None where it is none's."""
    return place.step.removeprefix(EDITED) if place.step.startswith(EDITED) else None


def letter_of(row: ParkedRow) -> str:
    """The dead letter that `row` came back from."""
    return edited_letter(row.place) or dead_letter_id(row.delivery_id)


def delivered(row: ParkedRow, now: datetime, elsewhere: str = "") -> tuple[Move, Record | None]:
    """What the 2xx for a row that came back from the desk means there.

    `elsewhere` is the sink that took it, where that is not its trigger's.
    """
    letter, is_edited = letter_of(row), edited_letter(row.place) is not None
    state = DeadState.REDRIVEN_EDITED if is_edited else DeadState.DELIVERED
    why = f"delivered to {elsewhere}" if elsewhere else ""
    move = Move(letter, (DeadState.REDRIVING,), state, now, "headrace", why)
    return move, Record(PREFIX + letter, None) if is_edited else None


def given_up(letter: str, event: Event, failed: Failed, now: datetime) -> tuple[Move, Record]:
    """The edited copy of `letter` has failed: that is dead again, and the edit is kept with why."""
    message = failed.message[:MESSAGE_CHARACTERS_MAX]
    move = Move(letter, (DeadState.REDRIVING,), DeadState.DEAD, now, "headrace", message)
    return move, edit_record(letter, Edit(event, now, "headrace", message))


def edit_record(letter: str, edit: Edit) -> Record:
    value = {
        "document": encode_structured(edit.event).decode(),
        "at": to_milliseconds(edit.at),
        "by": edit.by,
        "message": edit.message,
    }
    return Record(PREFIX + letter, orjson.dumps(value))


def read_edit(value: bytes) -> Edit:
    found = orjson.loads(value)
    event = decode_structured(found["document"].encode(), OWN_LIMITS)
    return Edit(event, from_milliseconds(found["at"]), found["by"], found["message"])
