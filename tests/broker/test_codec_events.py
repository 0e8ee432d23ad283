"""Making, changing and reading back events of our own."""

import pytest

from broker.codec import Limits, decode_binary, decode_stored, make_event, with_attributes
from broker.errors import InvalidEvent, TooLarge

USUAL = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}


def test_a_made_event_is_the_event_that_its_head_says() -> None:
    event = make_event({**USUAL, "subject": "ä b", "datacontenttype": "text/plain; a=b"}, b"x")
    headers = [tuple(line.split(b": ", 1)) for line in event.head.split(b"\r\n")[:-1]]

    again = decode_binary([(name, value) for name, value in headers], b"x", Limits())

    assert (again.attributes, again.head) == (event.attributes, event.head)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": ""}, "empty-attribute"),
        ({"specversion": "0.3"}, "unsupported-specversion"),
        ({"Zone": "x"}, "bad-name"),
        ({"data": "x"}, "reserved-name"),
        ({"subject": "\ud800"}, "bad-character"),
        ({"subject": "\x00"}, "bad-character"),
        ({"time": "now"}, "bad-time"),
        ({"datacontenttype": "text"}, "bad-datacontenttype"),
        ({"subject": 5}, "bad-value"),
    ],
)
def test_a_made_event_is_under_the_rules_of_the_ingress(changes: dict[str, str], code: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        make_event({**USUAL, **changes}, None)

    assert caught.value.code == code


@pytest.mark.parametrize("data", [None, b"", b"\x00\xff"])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"datacontenttype": "application/json"},
        {"zone": "", "subject": 'a: "b" %20 é', "datacontenttype": 'text/plain; a=": %20"'},
    ],
)
def test_a_stored_head_gives_the_same_event(data: bytes | None, more: dict[str, str]) -> None:
    event = make_event({**USUAL, **more}, data)

    again = decode_stored(event.head, event.data)

    assert (again.attributes, again.data, again.head) == (event.attributes, data, event.head)


@pytest.mark.parametrize("head", [b"", b"ce-id: 1\r\n", b"\x00\xff" * 9, b"content-type: a/b\r\n"])
def test_damaged_stored_bytes_are_said_to_be(head: bytes) -> None:
    with pytest.raises(InvalidEvent) as caught:
        decode_stored(head, None)

    assert caught.value.code == "bad-head"


def test_attributes_are_set_and_left_out_and_data_stays() -> None:
    event = make_event({**USUAL, "zone": "a", "datacontenttype": "text/plain"}, b"\xff")

    changed = with_attributes(event, {"headracehops": "1", "zone": None})

    assert changed.attributes == {
        **USUAL,
        "headracehops": "1",
        "datacontenttype": "text/plain",
    }
    assert changed.data is event.data
    assert event.attributes["zone"] == "a"


@pytest.mark.parametrize("data_type", [{}, {"datacontenttype": "text/plain"}])
@pytest.mark.parametrize("value", ["1", "a b", "", "é%"])
def test_an_event_with_one_more_extension_is_as_if_it_had_been_made_with_it(
    data_type: dict[str, str], value: str
) -> None:
    others = {**USUAL, "subject": "ö", "zone": "a"}
    event = make_event({**others, **data_type}, b"{}")

    changed = with_attributes(event, {"headracehops": value})

    expected = make_event({**others, "headracehops": value, **data_type}, b"{}")
    assert list(changed.attributes.items()) == list(expected.attributes.items())
    assert (changed.head, changed.data) == (expected.head, expected.data)


@pytest.mark.parametrize("name", ["subject", "time", "dataschema", "datacontenttype"])
def test_an_attribute_of_the_specification_is_checked_where_it_is_added(name: str) -> None:
    event = make_event(USUAL, None)

    with pytest.raises(InvalidEvent):
        with_attributes(event, {name: ""})


def test_more_extensions_than_may_be_are_refused_where_they_are_added() -> None:
    event = make_event({**USUAL, **{f"x{number}": "1" for number in range(32)}}, None)

    with pytest.raises(TooLarge):
        with_attributes(event, {"headracehops": "1"})


@pytest.mark.parametrize("changes", [{"id": None}, {"time": "x"}, {"Zone": "x"}, {"data": "x"}])
def test_a_change_that_makes_no_event_is_refused(changes: dict[str, str | None]) -> None:
    event = make_event(USUAL, None)

    with pytest.raises(InvalidEvent):
        with_attributes(event, changes)


def test_an_error_says_where_and_what_to_do() -> None:
    with pytest.raises(InvalidEvent) as caught:
        make_event({**USUAL, "time": "now"}, None)

    assert str(caught.value).startswith("time: 'now' is no RFC 3339 timestamp; write it like ")
