"""Where each partition begins."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sources.kafka.positions import (
    Known,
    KnownTopic,
    Plan,
    absent_records,
    at_record,
    known_of,
    lost,
    mark_of,
    plan,
)
from sources.kafka.topics import EARLIEST, LATEST, Broker, Layout, Place, Topic
from tests.sources.kafka.records import OPTIONS

OLD, NEW = b"o" * 16, b"n" * 16
NOTHING = Known({}, {}, frozenset())


def topic(name: str = "orders", identity: bytes | None = OLD, partitions: int = 2) -> Topic:
    return Topic(name, identity, dict.fromkeys(range(partitions), 1))


def layout(*topics: Topic, errors: Mapping[str, int] | None = None) -> Layout:
    return Layout("c", {1: Broker("b", 9092)}, {one.name: one for one in topics}, errors or {})


def stored(made: Plan, at: Mapping[Place, int]) -> Known:
    """What a restart knows after `made` was carried out and `at` was reached."""
    rows = {**made.records, **dict(at_record(*row) for row in at.items())}
    return known_of((key, value) for key, value in rows.items() if value is not None)


@pytest.mark.parametrize(
    ("beginning", "asked"),
    [
        ("earliest", EARLIEST),
        ("latest", LATEST),
        (datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), 1_700_000_000_000),
    ],
)
def test_the_first_time_the_initial_offset_counts(beginning: object, asked: int) -> None:
    options = replace(OPTIONS, beginning=beginning)  # type: ignore[arg-type]

    made = plan(layout(topic()), NOTHING, options)

    assert made.begin == {}
    assert made.ask == {Place("orders", 0): asked, Place("orders", 1): asked}


def test_what_is_stored_counts_whatever_the_initial_offset_says() -> None:
    first = plan(layout(topic()), NOTHING, OPTIONS)
    known = stored(first, {Place("orders", 0): 70, Place("orders", 1): 0})

    again = plan(layout(topic()), known, OPTIONS)

    assert again.begin == {Place("orders", 0): 70, Place("orders", 1): 0}
    assert again.ask == {}
    assert again.records == {}


def test_a_new_partition_of_a_known_topic_begins_at_its_earliest_record() -> None:
    first = plan(layout(topic()), NOTHING, OPTIONS)
    known = stored(first, {Place("orders", 0): 70, Place("orders", 1): 5})

    made = plan(layout(topic(partitions=3)), known, OPTIONS)

    assert made.ask == {Place("orders", 2): EARLIEST}


def test_a_topic_that_is_added_to_the_list_begins_by_the_initial_offset() -> None:
    known = stored(plan(layout(topic()), NOTHING, OPTIONS), {})
    options = replace(OPTIONS, topics=("orders", "bills"))

    made = plan(layout(topic(), topic("bills", NEW, 1)), known, options)

    assert made.ask[Place("bills", 0)] == LATEST


def test_a_topic_that_comes_to_match_a_pattern_later_begins_at_its_earliest_record() -> None:
    options = replace(OPTIONS, topics=(), topic_pattern="o.*")
    first = plan(layout(topic(partitions=1)), NOTHING, options)
    known = stored(first, {Place("orders", 0): 3})

    made = plan(layout(topic(partitions=1), topic("others", NEW, 1)), known, options)

    assert first.ask == {Place("orders", 0): LATEST}
    assert made.ask == {Place("others", 0): EARLIEST}


def test_a_topic_that_was_asked_for_before_it_existed_begins_at_its_earliest_record() -> None:
    before = plan(layout(errors={"orders": 3}), NOTHING, OPTIONS)
    known = known_of((key, value or b"") for key, value in absent_records(before.missing).items())

    made = plan(layout(topic(partitions=1)), known, OPTIONS)

    assert before.missing == ["orders"]
    assert made.ask == {Place("orders", 0): EARLIEST}
    assert made.remade == []


def test_a_known_topic_that_is_gone_is_no_mistake() -> None:
    known = stored(plan(layout(topic()), NOTHING, OPTIONS), {Place("orders", 0): 70})

    made = plan(layout(errors={"orders": 3}), known, OPTIONS)

    assert (made.vanished, made.missing) == (["orders"], [])


def test_of_a_pattern_only_what_was_there_and_still_matches_can_be_gone() -> None:
    rows = {"topic/old-1": b'{"id":"a"}', "topic/o-1": b'{"id":"b"}', **absent_records(["o-2"])}
    known = known_of((key, value or b"") for key, value in rows.items())
    options = replace(OPTIONS, topics=(), topic_pattern="o-.*")

    made = plan(layout(), known, options)

    assert (made.vanished, made.missing) == (["o-1"], [])


def test_a_topic_made_anew_begins_at_its_earliest_record_and_its_ids_are_marked() -> None:
    first = plan(layout(topic()), NOTHING, OPTIONS)
    known = stored(first, {Place("orders", 0): 70, Place("orders", 1): 5})
    anew = topic(identity=NEW, partitions=1)

    made = plan(layout(anew), known, OPTIONS)

    assert made.remade == ["orders"]
    assert made.ask == {Place("orders", 0): EARLIEST}
    assert made.records["at/orders/1"] is None
    assert mark_of(topic(), known.topics["orders"]) == ""
    assert mark_of(anew, known.topics["orders"]) == f"/topic:{anew.id_text}"


def test_the_mark_of_a_topic_stays_after_a_restart() -> None:
    first = plan(layout(topic()), NOTHING, OPTIONS)
    known = stored(first, {Place("orders", 0): 70})
    anew = topic(identity=NEW, partitions=1)

    later = stored(plan(layout(anew), known, OPTIONS), {Place("orders", 0): 2})

    assert plan(layout(anew), later, OPTIONS).remade == []
    assert mark_of(anew, later.topics["orders"]) == f"/topic:{anew.id_text}"


def test_brokers_that_come_to_tell_ids_do_not_make_a_topic_another() -> None:
    first = plan(layout(topic(identity=None)), NOTHING, OPTIONS)
    known = stored(first, {Place("orders", 0): 70, Place("orders", 1): 1})

    made = plan(layout(topic()), known, OPTIONS)

    assert made.remade == []
    assert made.begin == {Place("orders", 0): 70, Place("orders", 1): 1}
    assert known.topics == {"orders": KnownTopic()}
    assert mark_of(topic(), known.topics["orders"]) == ""


def test_names_of_topics_may_have_dots_and_dashes() -> None:
    place = Place("a.b-c_d", 11)
    key, value = at_record(place, 2**40)

    assert known_of([(key, value)]).at == {place: 2**40}


def test_deleted_records_are_lost_up_to_the_first_that_is_there() -> None:
    found = lost(Place("orders", 3), wanted=5, begin=12, end=40)

    assert found is not None
    assert (found.what, found.next) == ("orders partition:3/offset:5-11", 12)
    assert found.error.code == "offsets-lost"


def test_a_log_that_ends_before_the_position_is_read_from_its_beginning() -> None:
    found = lost(Place("orders", 3), wanted=50, begin=12, end=40)

    assert found is not None
    assert (found.next, found.error.code) == (12, "offsets-rewound")


def test_within_the_log_nothing_is_lost() -> None:
    assert lost(Place("orders", 3), wanted=40, begin=12, end=40) is None
