"""Two events side by side."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from broker.event import Event
from tests.contracts.store import event
from triggers.differences import ROWS_MAX, Differences, Row, differences

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=2), below),
    max_leaves=12,
)


def of(value: Any, **more: str) -> Event:
    return event("e", orjson.dumps(value), datacontenttype="application/json", **more)


def rows(this: Any, other: Any) -> list[tuple[str, str | None, str | None]]:
    return [(row.path, row.this, row.other) for row in differences(of(this), of(other)).data]


def test_attributes_are_compared_by_name() -> None:
    found = differences(of(1, subject="a"), of(1, partitionkey="k", subject="b"))

    assert found.attributes == (Row("partitionkey", None, "k"), Row("subject", "a", "b"))
    assert [row.how for row in found.attributes] == ["only-other", "changed"]
    assert found.is_same_data


def test_values_are_named_by_their_pointers() -> None:
    this = {"order": {"total": "3", "a/b": 1}, "lines": [1, 2]}
    other = {"order": {"total": 3}, "lines": [1, 5, 6]}

    assert rows(this, other) == [
        ("/order/total", '"3"', "3"),
        ("/order/a~1b", "1", None),
        ("/lines/1", "2", "5"),
        ("/lines/2", None, "6"),
    ]


def test_a_number_is_no_truth_value() -> None:
    assert rows({"n": 1}, {"n": True}) == [("/n", "1", "true")]


def spelled(this: bytes, other: bytes) -> Differences:
    pair = [event("e", data, datacontenttype="application/json") for data in (this, other)]
    return differences(*pair)


def test_long_numbers_are_compared_to_their_last_digit() -> None:
    found = spelled(b'{"id": 123456789012345678901}', b'{"id": 123456789012345678902}')

    assert found.data == (Row("/id", "123456789012345678901", "123456789012345678902"),)


def test_another_spelling_of_the_same_is_no_difference_and_is_said() -> None:
    found = spelled(b'{"a": 1.50, "b": 1e400}', b'{"b":1e400,"a":1.5}')

    assert (found.data, found.is_same_data, found.is_same_bytes) == ((), True, False)


def test_a_whole_number_is_told_from_one_with_a_point() -> None:
    found = spelled(b'{"a": 1}', b'{"a": 1.0}')

    assert found.data == (Row("/a", "1", "1.0"),)


def test_json_that_cannot_be_read_is_taken_for_none() -> None:
    broken = (b"[" * 100_000, b'{"a": 1e99999999999999999999}', b"{", b'"\xff"')

    assert {spelled(data, b"{}").data for data in broken} == {()}


def test_data_that_is_no_json_has_no_rows() -> None:
    found = differences(event("e", b"\x00", datacontenttype="image/png"), of({}))

    assert (found.is_json, found.is_same_data, found.data) == (False, False, ())


def test_too_many_rows_are_cut_and_that_is_said() -> None:
    found = differences(of(dict.fromkeys(map(str, range(ROWS_MAX + 1)), 1)), of({}))

    assert (len(found.data), found.is_cut) == (ROWS_MAX, True)


@given(VALUES, VALUES)
def test_there_are_rows_exactly_where_values_differ(this: Any, other: Any) -> None:
    is_same = orjson.dumps(this, option=orjson.OPT_SORT_KEYS) == orjson.dumps(
        other, option=orjson.OPT_SORT_KEYS
    )

    assert bool(rows(this, other)) is not is_same
    mirrored = [(path, other_text, text) for path, text, other_text in rows(other, this)]
    assert sorted(mirrored, key=repr) == sorted(rows(this, other), key=repr)
