"""The event of a slot."""

from datetime import UTC, datetime, timedelta

import pytest

from broker.errors import InvalidEvent
from sources.ping.events import batches, slot_event
from sources.source import BATCH_BYTES_MAX

SLOT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_id_and_time_are_the_slots_and_the_rest_is_as_knative_has_it() -> None:
    event = slot_event("shop/nightly", SLOT, b'{"a": 1}', "application/json")

    assert event.attributes == {
        "specversion": "1.0",
        "id": "2026-03-01T12:00:00Z",
        "source": "/apis/v1/namespaces/shop/pingsources/nightly",
        "type": "dev.knative.sources.ping",
        "time": "2026-03-01T12:00:00Z",
        "datacontenttype": "application/json",
    }
    assert event.data == b'{"a": 1}'


def test_a_slot_without_data_has_no_content_type() -> None:
    event = slot_event("shop/nightly", SLOT)

    assert event.data is None
    assert "datacontenttype" not in event.attributes


def test_slots_of_different_instants_are_different_events() -> None:
    half = slot_event("a/b", SLOT + timedelta(seconds=0.5))

    assert half.id != slot_event("a/b", SLOT).id


def test_what_is_no_content_type_is_refused() -> None:
    with pytest.raises(InvalidEvent):
        slot_event("a/b", SLOT, b"a", "json, please")


@pytest.mark.parametrize(("data_bytes", "sizes"), [(0, [500, 500, 200]), (400 * 1024, [2] * 600)])
def test_batches_keep_the_bounds_of_one_commit(data_bytes: int, sizes: list[int]) -> None:
    slots = tuple(SLOT + timedelta(seconds=number) for number in range(1_200))

    found = list(batches(slots, bytes(data_bytes)))

    assert [len(batch) for batch in found] == sizes
    assert sum(found, ()) == slots
    assert data_bytes * sizes[0] <= BATCH_BYTES_MAX
