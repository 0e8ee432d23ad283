"""Batched mode: all or none, with every bad entry named."""

import pytest

from broker.codec import Limits, decode_batch
from broker.errors import InvalidBatch, InvalidEvent, TooLarge

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
