"""A dead letter edited as text: what nobody touches is sent byte for byte."""

from dataclasses import replace

import pytest

from broker.codec import Limits, decode_structured, make_event
from broker.errors import Invalid
from tests.triggers.test_edits import PLAIN
from triggers.edits import Edit, draft_of, edited_text, text_of

LIMITS = Limits()
DATA = b'{"price": 1.50, "id": 123456789012345678901234567890,\n "note": "a\\u00e4", "n": 1e5}'
JSON = "application/json"
EVENT = make_event({**PLAIN.event.attributes, "datacontenttype": JSON}, DATA)
LETTER = replace(PLAIN, event=EVENT)


@pytest.mark.parametrize("data", [DATA, b"", b"\xff\x00", b'"a"', b"[]", None])
@pytest.mark.parametrize("kind", [JSON, "text/plain", None])
def test_a_text_says_all_of_its_event(data: bytes | None, kind: str | None) -> None:
    own = {} if kind is None else {"datacontenttype": kind}
    attributes = {name: v for name, v in EVENT.attributes.items() if name != "datacontenttype"}
    event = make_event({**attributes, **own}, data)

    read = decode_structured(text_of(event).encode(), LIMITS)

    assert (read.attributes, read.data) == (event.attributes, data)


def test_what_is_not_touched_keeps_its_spelling() -> None:
    text = text_of(EVENT).replace("1e5", "2")

    edited = edited_text(LETTER, text, LIMITS)

    assert edited.data == DATA.replace(b"1e5", b"2")
    assert edited.attributes["headraceoriginal"] == EVENT.id


def test_only_an_attribute_that_is_changed_leaves_the_very_bytes() -> None:
    text = text_of(EVENT).replace("{\n", '{\n  "word": "other",\n', 1).replace("\n", "\r\n")

    edited = edited_text(LETTER, text, LIMITS)

    assert (edited.data, edited.attributes["word"]) == (DATA, "other")


def test_the_ends_of_lines_that_a_form_changes_are_no_change() -> None:
    with pytest.raises(Invalid, match="nothing is changed"):
        edited_text(LETTER, text_of(EVENT).replace("\n", "\r\n"), LIMITS)


@pytest.mark.parametrize("text", ["", "[]", "{", text_of(EVENT).replace(EVENT.id, "other")])
def test_what_is_no_event_or_is_locked_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        edited_text(LETTER, text, LIMITS)


def test_a_draft_has_what_was_sent_and_the_locked_attributes_of_the_original() -> None:
    sent = edited_text(LETTER, text_of(EVENT).replace("1e5", "2"), LIMITS)

    draft = draft_of(EVENT, Edit(sent, LETTER.dead_at, "ann"))

    assert (draft.id, draft.data) == (EVENT.id, sent.data)
    assert "headraceoriginal" not in draft.attributes
