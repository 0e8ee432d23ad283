"""The story of an event: each place that a delivery can be in, from facts alone."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from broker.codec import make_event
from broker.delivery import Attempt
from broker.event import Cause, Event, StoredEvent
from broker.storage.rows import (
    DeadLetter,
    DeadState,
    Mark,
    ParkedRow,
    Place,
    Retried,
    WaitingRow,
)
from triggers.story import Where, tell
from triggers.story.chapter import Chapter, chapter_of
from triggers.story.facts import Discard, Facts, InLane, PairFacts, Verdict

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
T = "default/t"
PLACE = Place(T, 7)
PAIR = PairFacts(Verdict(T, 1, matched=True, deciding=None), InLane.PASSED)
ATTEMPT = Attempt(1, NOON, 0.1, "transient", 503, "busy", wait_seconds=0.2)


def event(id: str = "e") -> Event:
    return make_event({"specversion": "1.0", "id": id, "source": "/s", "type": "t"}, None)


def row(attempt: int = 2) -> ParkedRow:
    return ParkedRow(PLACE, "d", attempt, NOON, 0.2, 0.3, NOON, NOON, event(), attempts=(ATTEMPT,))


def letter(state: DeadState = DeadState.DEAD, forwarded: str | None = None) -> DeadLetter:
    return DeadLetter(
        "letter-1", PLACE, "d", "default/b", "sink", 1, event(), NOON, "attempts", "transient",
        503, "busy", NOON, NOON, 1, (ATTEMPT,), "g", "busy", state, forwarded,
    )  # fmt: skip


def chapter(**facts: Any) -> Chapter:
    return chapter_of(replace(PAIR, **facts))


@pytest.mark.parametrize(
    ("within", "where"),
    [
        (InLane.AHEAD, Where.AHEAD),
        (InLane.QUEUED, Where.QUEUED),
        (InLane.BEHIND_KEY, Where.WAITING),
        (InLane.IN_FLIGHT, Where.IN_FLIGHT),
    ],
)
def test_an_open_delivery_is_where_its_lane_has_it(within: InLane, where: Where) -> None:
    told = chapter(within=within)

    assert (told.where, told.attempt) == (where, 1)


def test_ahead_of_the_cursor_it_says_how_many_are_before_it() -> None:
    told = chapter(within=InLane.AHEAD, ahead_events=1200, is_paused=True)

    assert told.says == (
        "ahead of the cursor: 1,200 events are before it, and the trigger is paused"
    )


def test_of_a_trigger_that_is_gone_it_says_so() -> None:
    told = chapter(within=InLane.AHEAD, is_configured=False)

    assert "not configured any more" in told.says


def test_a_parked_delivery_says_its_next_attempt_and_when_it_is_due() -> None:
    told = chapter(parked=row(3))

    assert (told.where, told.attempt, told.due_at) == (Where.PARKED, 3, NOON)
    assert told.attempts == (ATTEMPT,)


@pytest.mark.parametrize(
    ("within", "where"),
    [
        (InLane.QUEUED, Where.QUEUED),
        (InLane.IN_FLIGHT, Where.IN_FLIGHT),
        (InLane.BEHIND_KEY, Where.WAITING),
    ],
)
def test_a_retry_that_was_taken_up_is_due_no_more(within: InLane, where: Where) -> None:
    told = chapter(parked=row(3), within=within)

    assert (told.where, told.attempt, told.due_at) == (where, 3, None)


def test_an_offset_only_row_waits_for_its_turn() -> None:
    told = chapter(waiting=WaitingRow(T, 7, "key-1"))

    assert (told.where, "'key-1'" in told.says) == (Where.WAITING, True)


def test_an_undisturbed_delivery_has_a_latest_time_only() -> None:
    told = chapter(mark=Mark(T, NOON, 9, 8, 8))

    assert (told.where, told.since, told.by) == (Where.DELIVERED, None, NOON)


def test_before_the_first_mark_even_that_is_not_known() -> None:
    assert chapter().by is None


def test_retries_that_ended_well_tell_exactly_when() -> None:
    told = chapter(retried=Retried(PLACE, NOON, (ATTEMPT,)))

    assert (told.where, told.since, told.says) == (
        Where.DELIVERED, NOON, "delivered by attempt 2",
    )  # fmt: skip


def test_a_dead_letter_names_itself_and_its_reason() -> None:
    told = chapter(letter=letter())

    assert (told.where, told.dead_letter, told.since) == (Where.DEAD, "letter-1", NOON)
    assert told.says == "dead letter letter-1: attempts"


def test_its_copy_is_on_its_way_until_the_letter_says_otherwise() -> None:
    under_way = chapter(letter=letter(), forwarding=row(4))
    arrived = chapter(letter=letter(forwarded="delivered"))

    assert (under_way.forwarded, arrived.forwarded) == ("attempt 4 is next", "delivered")


def test_a_redriven_dead_letter_is_parked_again() -> None:
    told = chapter(letter=letter(DeadState.REDRIVING), parked=row(2))

    assert (told.where, told.dead_letter) == (Where.PARKED, "letter-1")
    assert told.says.endswith("redriven from dead letter letter-1")


@pytest.mark.parametrize(
    ("state", "where"),
    [
        (DeadState.DELIVERED, Where.DELIVERED),
        (DeadState.DISCARDED, Where.DISCARDED),
        (DeadState.REDRIVEN_EDITED, Where.DISCARDED),
        (DeadState.EXPIRED, Where.DEAD),
        (DeadState.REDRIVING, Where.PARKED),
    ],
)
def test_a_dead_letter_that_moved_tells_where_it_went(state: DeadState, where: Where) -> None:
    assert chapter(letter=letter(state)).where is where


def test_what_an_operator_left_out_is_discarded() -> None:
    told = chapter(discard=Discard(NOON, "eve", "seek"))

    assert (told.where, told.since, told.says) == (
        Where.DISCARDED, NOON, "left out by eve: seek",
    )  # fmt: skip


def test_replies_stand_below_what_led_to_them() -> None:
    def reply(offset: int, cause: int) -> StoredEvent:
        return StoredEvent(offset, event(f"r{offset}"), NOON, T, Cause(cause, T))

    stored = StoredEvent(7, event(), NOON)

    story = tell(Facts(stored, replies=(reply(8, 7), reply(9, 7), reply(12, 8))))

    assert [one.stored.offset for one in story.replies] == [8, 9]
    assert [one.stored.offset for one in story.replies[0].replies] == [12]
