"""What is news of one object, by examples and for any order in which notifications come."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sources.s3.history import (
    LATE_MILLISECONDS,
    NOTHING,
    REMEMBERED_MAX,
    History,
    Told,
    decode,
    encode,
    is_forgettable,
    is_there,
    judge,
    told_as,
)
from sources.s3.sighting import NO_VERSION, Kind

START = datetime(2026, 5, 4, 12, tzinfo=UTC)


def put(etag: str, number: int) -> Told:
    """The notification of the `number`th change of an object."""
    return told_as(Kind.CREATED, NO_VERSION, etag, at(number), f"18EA{number:012X}")


def removed(number: int) -> Told:
    return told_as(Kind.REMOVED, NO_VERSION, "", at(number), f"18EA{number:012X}")


def listed(etag: str, number: int) -> Told:
    """A listing's entry for an object that was put at its `number`th change."""
    return told_as(Kind.CREATED, NO_VERSION, etag, at(number))


def missed(etag: str, number: int) -> Told:
    """What a listing did not show any more after the `number`th change."""
    return told_as(Kind.REMOVED, NO_VERSION, etag, at(number))


def at(number: int) -> datetime:
    return START + timedelta(milliseconds=10 * number)


def news(*seen: Told, version: str = NO_VERSION) -> list[Told]:
    """Which of what is seen, in this order, is told."""
    return follow(seen, version)[0]


def follow(seen: Sequence[Told], version: str = NO_VERSION) -> tuple[list[Told], History]:
    history: History = NOTHING
    found = []
    for one in seen:
        verdict = judge(history, version, one)
        found += [one] if verdict.is_news else []
        history = history if verdict.history is None else decode(encode(verdict.history))
    return found, history


def test_a_put_seen_by_both_intakes_is_told_once() -> None:
    assert news(put("x", 1), listed("x", 1)) == [put("x", 1)]
    assert news(listed("x", 1), put("x", 1)) == [listed("x", 1)]


def test_other_content_is_always_told() -> None:
    seen = [put("x", 1), put("y", 2), put("x", 3), listed("y", 4), listed("x", 5)]

    assert news(*seen) == seen


def test_the_same_bytes_again_are_told_by_no_intake() -> None:
    assert news(put("x", 1), put("x", 2), listed("x", 2), put("x", 3)) == [put("x", 1)]
    assert news(listed("x", 1), listed("x", 2), put("x", 2)) == [listed("x", 1)]


def test_what_comes_late_between_two_puts_of_the_same_bytes_leaves_the_last_to_a_listing() -> None:
    seen = [put("x", 1), put("x", 3), put("y", 2), listed("x", 3)]

    assert news(*seen) == [put("x", 1), put("y", 2), listed("x", 3)]


def test_late_notifications_of_what_listings_told_are_known() -> None:
    seen = [listed("x", 1), listed("y", 2), put("x", 1), put("y", 2)]

    assert news(*seen) == seen[:2]


def test_a_late_notification_of_what_no_listing_saw_is_told() -> None:
    seen = [put("z", 3), put("y", 2)]

    assert news(*seen) == seen


def test_a_late_notification_does_not_make_a_listing_repeat_itself() -> None:
    seen = [listed("y", 2), put("x", 1), listed("y", 2)]

    assert news(*seen) == seen[:2]


def test_a_removal_is_told_once_whichever_way_it_is_seen() -> None:
    assert news(put("x", 1), removed(2), missed("x", 3)) == [put("x", 1), removed(2)]
    assert news(put("x", 1), missed("x", 3), removed(2)) == [put("x", 1), missed("x", 3)]


def test_a_second_removal_is_not_taken_for_the_first() -> None:
    seen = [listed("x", 1), missed("x", 2), put("y", 5), removed(6)]

    assert news(*seen) == seen


def test_the_same_content_after_a_removal_is_told_again() -> None:
    seen = [listed("x", 1), missed("x", 2), listed("x", 3)]

    assert news(*seen) == seen


def test_what_is_gone_stays_gone_when_its_put_is_told_late() -> None:
    found, history = follow([removed(2), put("x", 1)])

    assert found == [removed(2), put("x", 1)]
    assert not is_there(history)


@given(st.data())
def test_notifications_in_any_order_and_doubled_lose_no_content_and_tell_nothing_twice(
    data: st.DataObject,
) -> None:
    changes = data.draw(st.lists(st.sampled_from("xyz-"), min_size=1, max_size=8))
    sent = [removed(n) if etag == "-" else put(etag, n) for n, etag in enumerate(changes)]
    seen = data.draw(st.permutations(sent * 2))

    found, history = follow(seen)

    assert len({told.sequencer for told in found}) == len(found)
    assert {(told.kind, told.etag) for told in found} == {(told.kind, told.etag) for told in sent}
    assert list(history) == sorted(history, key=lambda told: told.sequencer)


@given(st.lists(st.sampled_from("xyz-"), min_size=1, max_size=12))
def test_notifications_in_order_tell_each_change_and_no_repetition(changes: list[str]) -> None:
    sent = [removed(n) if etag == "-" else put(etag, n) for n, etag in enumerate(changes)]

    found = news(*[one for told in sent for one in (told, told)])

    assert [told.etag for told in found] == [
        "" if etag == "-" else etag
        for etag, before in zip(changes, ["", *changes], strict=False)
        if etag != before
    ]


@given(st.data())
def test_whatever_a_listing_shows_last_was_told(data: st.DataObject) -> None:
    """Notifications may be lost, doubled, late; a listing shows what is there at its time."""
    changes = data.draw(st.lists(st.sampled_from("xyz"), min_size=1, max_size=6))
    sent = [put(etag, n) for n, etag in enumerate(changes)]
    arrived = data.draw(st.lists(st.sampled_from(sent), max_size=10))

    found, history = follow([*arrived, listed(changes[-1], len(changes) - 1)])

    assert changes[-1] in {told.etag for told in found}
    assert is_there(history)
    again = judge(history, NO_VERSION, listed(changes[-1], len(changes) - 1))
    assert not again.is_news


def test_a_version_is_put_once_and_removed_once_in_any_order() -> None:
    created = told_as(Kind.CREATED, "v1", "x", at(1), "01")
    shown = told_as(Kind.CREATED, "v1", "x", at(1))
    gone = told_as(Kind.REMOVED, "v1", "", at(2), "02")

    assert news(shown, created, gone, gone, created, version="v1") == [shown, gone]
    found, history = follow([gone, created], version="v1")
    assert found == [gone, created]
    assert not is_there(history)


def test_a_delete_marker_without_a_version_is_a_removal() -> None:
    assert told_as(Kind.MARKED, NO_VERSION, "", at(1)).kind == Kind.REMOVED
    assert told_as(Kind.MARKED, "v2", "", at(1)).kind == Kind.MARKED


def test_a_history_is_bounded_and_what_is_older_than_all_of_it_is_taken_as_known() -> None:
    sent = [put(f"e{n}", n) for n in range(1, REMEMBERED_MAX + 10)]

    found, history = follow([*sent, *sent])

    assert found == sent
    assert len(history) == REMEMBERED_MAX


def test_sequencers_of_other_lengths_are_filled_up_with_zeros() -> None:
    short = told_as(Kind.CREATED, NO_VERSION, "x", at(2), "0055AED6DD")
    longer = told_as(Kind.CREATED, NO_VERSION, "y", at(1), "0055AED6DC90281E")

    _, history = follow([short, longer])

    assert [told.etag for told in history] == ["y", "x"]


def test_what_is_gone_is_forgotten_when_nothing_late_can_come_any_more() -> None:
    _, history = follow([put("x", 1), removed(2)])
    gone_at = history[-1].at_milliseconds

    assert not is_forgettable(history, gone_at + LATE_MILLISECONDS)
    assert is_forgettable(history, gone_at + LATE_MILLISECONDS + 1)
    assert not is_forgettable((put("x", 1),), gone_at + 2 * LATE_MILLISECONDS)
