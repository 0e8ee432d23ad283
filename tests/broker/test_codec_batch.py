"""Batched mode: all or none, with every bad entry named."""

from collections.abc import Callable

import pytest

from broker.codec import Limits, decode_batch, decode_structured
from broker.errors import Invalid, InvalidBatch, InvalidEvent, TooLarge
from broker.event import Event

GOOD = b'{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"a" : 1}}'


def batch(*entries: bytes) -> bytes:
    return b"[" + b" , ".join(entries) + b"]"


def test_events_come_in_the_order_of_the_batch_with_their_bytes() -> None:
    events = decode_batch(batch(GOOD, GOOD.replace(b'"id":"1"', b'"id":"2"')), Limits())

    assert [event.id for event in events] == ["1", "2"]
    assert [event.data for event in events] == [b'{"a" : 1}'] * 2


def test_every_bad_entry_is_listed_by_its_index() -> None:
    no_id = GOOD.replace(b'"id":"1",', b"")
    bad_bytes = GOOD.replace(b'"a"', b'"\xff"')

    with pytest.raises(InvalidBatch) as caught:
        decode_batch(batch(GOOD, no_id, GOOD, b"7", bad_bytes), Limits())

    assert [(index, error.code) for index, error in caught.value.entries] == [
        (1, "missing-attribute"),
        (3, "not-an-object"),
        (4, "invalid-json"),
    ]


@pytest.mark.parametrize("size_bytes", [0, 5_000])
def test_a_bad_entry_far_into_a_batch_has_its_own_index(size_bytes: int) -> None:
    good = GOOD.replace(b"1}}", b'"%b"}}' % (b"x" * size_bytes))
    entries = [good] * 200
    entries[150] = good.replace(b'"1.0"', b'"0.3"')

    with pytest.raises(InvalidBatch) as caught:
        decode_batch(batch(*entries), Limits())

    assert [index for index, _ in caught.value.entries] == [150]


# What an entry may be: usual, valid but not usual, or refused.
ENTRIES = {
    "usual": GOOD,
    "no data": GOOD.replace(b',"data":{"a" : 1}', b""),
    "a name in escapes": GOOD.replace(b'"data"', b'"d\\u0061ta"'),
    "text": GOOD.replace(b'"data":{"a" : 1}', b'"datacontenttype":"text/a","data":"\\u003a"'),
    "base64": GOOD.replace(b'"data":{"a" : 1}', b'"data_base64":"QQ==","data":null'),
    "null and number": GOOD.replace(b'"data"', b'"subject":null,"zone":5,"data"'),
    "a space": GOOD.replace(b'"data"', b'"subject":"a b","data"'),
    "a line": GOOD.replace(b'"data"', b'"subject":"a\\r\\nce-zone: b","data"'),
    "a name twice": GOOD.replace(b'{"a" : 1}', b'{"a" : 1, "a":1}'),
    "a name twice in escapes": GOOD.replace(b'{"a" : 1}', b'{"a":"\\u003a","a":"\\u003a"}'),
    "too deep": GOOD.replace(b"1}}", b"[" * 100 + b"]" * 100 + b"}}"),
    "far too deep": GOOD.replace(b"1}}", b"[" * 300 + b"]" * 300 + b"}}"),
    "a list": b'[{"data":1}]',
    "null": b"null",
}


def verdicts(read: Callable[[], list[Event]]) -> list[object]:
    """What each event says, or the codes of what is refused."""
    try:
        return [(event.attributes, event.data, event.head) for event in read()]
    except InvalidBatch as error:
        return [(index, entry.code) for index, entry in error.entries]
    except Invalid as error:
        return [(1, error.code)]


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES.keys())
def test_an_entry_is_read_as_it_would_be_alone(entry: bytes) -> None:
    alone = verdicts(lambda: [decode_structured(entry, Limits())])
    between = verdicts(lambda: decode_batch(batch(GOOD, entry, GOOD), Limits()))

    assert between[len(between) // 2] == alone[0]


def test_an_entry_over_the_limit_of_an_event_is_listed() -> None:
    with pytest.raises(InvalidBatch) as caught:
        decode_batch(batch(GOOD, GOOD.replace(b"/s", b"/longer")), Limits(event_bytes=len(GOOD)))

    assert [(index, error.code) for index, error in caught.value.entries] == [(1, "too-large")]


@pytest.mark.parametrize("body", [b"[]", b" [ ] "])
def test_an_empty_batch_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidEvent) as caught:
        decode_batch(body, Limits())

    assert caught.value.code == "empty-batch"


@pytest.mark.parametrize("body", [GOOD, b"null", b"1", b'"x"'])
def test_a_batch_that_is_no_array_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidEvent) as caught:
        decode_batch(body, Limits())

    assert caught.value.code == "not-an-array"


@pytest.mark.parametrize(
    "body", [b"", b"[", batch(GOOD)[:-1], batch(GOOD) + b"x", b"[,]", b"[" * 100_000, b"\xff[]"]
)
def test_a_broken_array_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidEvent) as caught:
        decode_batch(body, Limits())

    assert caught.value.code == "invalid-json"


def test_more_events_than_the_limit_are_too_large() -> None:
    accepted = decode_batch(batch(GOOD, GOOD), Limits(batch_events=2))
    with pytest.raises(TooLarge) as caught:
        decode_batch(batch(GOOD, GOOD, GOOD), Limits(batch_events=2))

    assert len(accepted) == 2
    assert caught.value.code == "too-many-events"


@pytest.mark.parametrize("entry", [b"1,", b"{},", b"[],", b'"",'])
def test_millions_of_entries_are_counted_without_being_made(entry: bytes) -> None:
    body = b"[" + entry * 1_000_000 + b"1]"

    with pytest.raises(TooLarge) as caught:
        decode_batch(body, Limits())

    assert caught.value.code == "too-many-events"


def test_a_full_batch_of_wide_events_is_taken() -> None:
    wide = GOOD.replace(b"1}}", b"[" + b"1," * 100 + b"1]}}")

    events = decode_batch(batch(*[wide] * 1000), Limits())

    assert len(events) == 1000


def test_a_batch_beyond_the_limit_in_bytes_is_too_large() -> None:
    with pytest.raises(TooLarge) as caught:
        decode_batch(batch(GOOD), Limits(batch_bytes=10))

    assert caught.value.code == "too-large"
