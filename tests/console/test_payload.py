"""Payloads as text: indented without being changed, cut, or dumped."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.console.payload import (
    HEX_BYTES_MAX,
    INDENTED_CHARACTERS_MAX,
    SHOWN_CHARACTERS_MAX,
    payload_of,
)

WORD = st.text(max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda below: st.lists(below, max_size=5) | st.dictionaries(WORD, below, max_size=5),
    max_leaves=20,
)


@given(st.lists(JSON, max_size=5) | st.dictionaries(WORD, JSON, max_size=5))
def test_indented_json_says_the_same(value: object) -> None:
    shown = payload_of({"data": json.dumps(value)})

    assert shown.kind == "json"
    assert json.loads(shown.text) == value


def test_numbers_and_doubled_names_stay_as_they_were_written() -> None:
    shown = payload_of({"data": '{"a": 1.50, "a": 12345678901234567890123, "b": 1e5}'})

    lines = [line.strip() for line in shown.text.splitlines()]
    assert lines == ["{", '"a": 1.50,', '"a": 12345678901234567890123,', '"b": 1e5', "}"]


@pytest.mark.parametrize("data", ["{", "[" * 5_000 + "]" * 5_000, "plain", '{"a": }'])
def test_what_is_no_json_is_shown_as_it_is(data: str) -> None:
    shown = payload_of({"data": data})

    assert (shown.kind, shown.text) == ("text", data)


def test_a_long_payload_is_cut_and_says_so() -> None:
    shown = payload_of({"data": "x" * (INDENTED_CHARACTERS_MAX + 1)})

    assert len(shown.text) == SHOWN_CHARACTERS_MAX
    assert shown.is_cut
    assert shown.characters == INDENTED_CHARACTERS_MAX + 1


def test_bytes_are_dumped_as_numbers_and_letters() -> None:
    data = b"\xff\x00<script>" + bytes(HEX_BYTES_MAX)

    shown = payload_of({"body_base64": base64.b64encode(data).decode()}, "body")

    first = shown.text.splitlines()[0]
    assert first == "000000  ff 00 3c 73 63 72 69 70 74 3e 00 00 00 00 00 00  ..<script>......"
    assert shown.is_cut


def test_what_may_not_be_seen_is_hidden_and_what_is_not_there_is_none() -> None:
    hidden, none = payload_of({"data_hidden": True}), payload_of({})

    assert (hidden.kind, none.kind) == ("hidden", "none")
