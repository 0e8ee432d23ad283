"""Ids of traces and spans: computed from what is stored, the same after a restart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from broker.codec import make_event
from broker.event import Event, StoredEvent
from broker.storage.rows import ParkedRow, Place
from deploy.tracing.context import Contexts
from sinks.trace_context import parse_traceparent
from triggers.carriage import Carriage, fresh, resumed

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
ALL = Contexts(1.0)


def event(**attributes: str) -> Event:
    return make_event(
        {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"} | attributes, b"x"
    )


def first(one: Event, offset: int = 7) -> Carriage:
    return fresh("0123abcd/default/t/", "default/t", StoredEvent(offset, one, NOW))


def retry(attempt: int, due_seconds: float = 0.0) -> Carriage:
    place, due_at = Place("default/t", 7), NOW + timedelta(seconds=due_seconds)
    row = ParkedRow(place, "0123abcd/default/t/7", attempt, due_at, 1.0, 0.0, NOW, NOW, event())
    return resumed(row)


def test_an_event_joins_the_trace_of_its_publisher() -> None:
    context = ALL.accepted(event(traceparent=f"00-{TRACE}-{SPAN}-01"), "0123abcd", 7)

    assert (context.trace_id, context.is_sampled) == (TRACE, True)
    assert context.span_id != SPAN


def test_what_its_publisher_does_not_record_is_not_recorded_here() -> None:
    context = ALL.accepted(event(traceparent=f"00-{TRACE}-{SPAN}-00"), "0123abcd", 7)

    assert not context.is_sampled


def test_an_event_without_a_valid_traceparent_begins_a_trace_of_its_own() -> None:
    bare, invalid = event(), event(traceparent=f"ff-{TRACE}-{SPAN}-01")

    contexts = {ALL.accepted(one, "0123abcd", 7) for one in (bare, invalid)}

    assert len(contexts) == 1
    assert contexts != {ALL.accepted(bare, "0123abcd", 8)}
    assert contexts != {ALL.accepted(bare, "ffffffff", 7)}


def test_an_attempt_is_in_the_trace_of_its_event_and_says_so() -> None:
    carriage = first(event())

    said = parse_traceparent(ALL.traceparent(carriage))

    assert said == ALL.attempted(carriage)
    assert said is not None
    assert said.trace_id == ALL.accepted(carriage.event, "0123abcd", 7).trace_id


def test_each_attempt_is_a_span_of_its_own() -> None:
    again = [first(event()), retry(2), retry(3), retry(3, due_seconds=1.0)]

    spans = {ALL.attempted(one).span_id for one in again}

    assert len(spans) == 4


def test_a_copy_to_a_dead_letter_sink_is_not_the_attempt_that_failed() -> None:
    row = retry(1).row
    assert row is not None
    copied = resumed(replace(row, place=Place("default/t", 7, "dead-letter")))

    assert ALL.attempted(copied).span_id != ALL.attempted(retry(1)).span_id


@pytest.mark.parametrize(
    ("ratio", "least", "most"), [(0.0, 0, 0), (0.1, 60, 140), (1.0, 1000, 1000)]
)
def test_the_ratio_is_the_share_of_traces_that_are_recorded(
    ratio: float, least: int, most: int
) -> None:
    contexts = Contexts(ratio)

    kept = sum(contexts.accepted(event(), "0123abcd", n).is_sampled for n in range(1000))

    assert least <= kept <= most
