"""Where a trigger stands, at a start and at a reload."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from broker.event import Event
from broker.storage.rows import Cursor, Revision, TriggerState
from sinks.spec import HttpSinkSpec
from triggers.revisions import REMOVED_SPEC
from triggers.standing import (
    Known,
    begin,
    document_of,
    filter_of,
    needed,
    removed,
    stand,
    stand_removed,
    state_after,
)
from triggers.trigger import TriggerSpec

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def trigger(filters: object = (), **body: Any) -> TriggerSpec:
    document = {"spec": {"filters": list(filters), **body}}  # type: ignore[call-overload]
    paused = bool(body.get("paused"))
    sink = HttpSinkSpec("http://x/")
    return TriggerSpec("default/t", "default/default", sink, document, paused=paused)


def revision(spec: TriggerSpec, from_offset: int = 11, number: int = 1) -> Revision:
    return Revision(spec.name, number, from_offset, document_of(spec), NOW)


def known(*revisions: Revision, **facts: Any) -> Known:
    state: dict[str, Any] = {
        "cursor": None,
        "state": None,
        "routed": 90,
        "first_offset": 1,
        "last_offset": 100,
    }
    return Known(revisions, **state | facts)


def test_a_new_trigger_begins_where_its_start_says_and_is_written_down() -> None:
    standing = begin(trigger(), known(), 100, NOW)

    assert standing.position == 100
    assert standing.applied is not None
    assert standing.applied.from_offset == 101


def test_a_trigger_with_nothing_open_stands_where_routing_stood() -> None:
    spec = trigger()

    standing = stand(spec, known(revision(spec)), NOW)

    assert (standing.position, standing.applied, standing.has_row) == (90, None, False)


def test_a_trigger_with_a_cursor_goes_on_from_it_and_skips_what_was_settled() -> None:
    spec = trigger()
    cursor = Cursor(spec.name, 40, ((42, 50),))

    standing = stand(spec, known(revision(spec), cursor=cursor), NOW)

    assert (standing.position, standing.settled, standing.has_row) == (40, ((42, 50),), True)


def test_a_changed_filter_counts_from_what_is_stored_next_and_the_old_one_before() -> None:
    old, new = trigger(), trigger([{"exact": {"type": "x"}}])

    standing = stand(new, known(revision(old)), NOW)

    assert [r.from_offset for r in standing.revisions] == [11, 101]
    assert standing.applied == standing.revisions[-1]


def test_a_cursor_before_what_was_pruned_goes_on_at_the_oldest_event() -> None:
    spec = trigger()

    standing = stand(spec, known(revision(spec), cursor=Cursor(spec.name, 5), first_offset=31), NOW)

    assert standing.position == 30


def test_a_trigger_that_ended_and_comes_back_counts_its_revisions_on() -> None:
    spec = trigger()
    end = removed(spec.name, [revision(spec)], 50, NOW)
    assert end is not None

    standing = begin(spec, known(revision(spec), end), 100, NOW)

    assert standing.applied is not None
    assert (standing.applied.number, standing.applied.from_offset) == (3, 101)


def test_what_is_no_longer_configured_takes_nothing_new_and_keeps_its_backlog() -> None:
    spec = trigger()
    cursor = Cursor(spec.name, 40)

    standing = stand_removed(spec, known(revision(spec), cursor=cursor), NOW)

    assert standing.position == 40
    assert [(r.from_offset, r.spec == REMOVED_SPEC) for r in standing.revisions] == [
        (11, False),
        (101, True),
    ]


def test_one_that_is_being_removed_and_comes_back_goes_on() -> None:
    spec = trigger()
    end = removed(spec.name, [revision(spec)], 50, NOW)
    assert end is not None

    standing = stand(spec, known(revision(spec), end, cursor=Cursor(spec.name, 40)), NOW)

    assert standing.position == 40
    assert [r.from_offset for r in standing.revisions] == [11, 51, 101]


def test_a_trigger_is_removed_once() -> None:
    spec = trigger()
    end = removed(spec.name, [revision(spec)], 50, NOW)
    assert end is not None

    assert removed(spec.name, [revision(spec), end], 60, NOW) is None


def test_after_a_seek_back_its_revision_counts_for_all_from_there_on() -> None:
    spec = trigger()
    begun, changed, sought = (
        revision(spec, from_offset, number) for number, from_offset in ((1, 1), (2, 50), (3, 20))
    )

    assert needed([begun, changed, sought], 10) == (begun, sought)
    assert needed([begun, changed, sought], 19) == (sought,)


PAUSED_BY_COMMAND = TriggerState("default/t", paused=True, by="anna", since=NOW)
RESUMED_BY_COMMAND = TriggerState("default/t", paused=False, by="anna", since=NOW)
PAUSED_BY_ANSWER = replace(PAUSED_BY_COMMAND, by="answer")


@pytest.mark.parametrize("state", [PAUSED_BY_COMMAND, RESUMED_BY_COMMAND, PAUSED_BY_ANSWER])
def test_what_was_said_last_about_a_pause_outlasts_other_changes(state: TriggerState) -> None:
    changed = trigger([{"exact": {"type": "x"}}])

    after = state_after(changed, document_of(trigger()), state, False, LATER)

    assert after == state


@pytest.mark.parametrize("state", [PAUSED_BY_COMMAND, RESUMED_BY_COMMAND, PAUSED_BY_ANSWER, None])
@pytest.mark.parametrize("paused", [True, False])
def test_a_change_of_paused_in_the_configuration_counts_whatever_was_said_before(
    state: TriggerState | None, paused: bool
) -> None:
    before = document_of(trigger(paused=not paused))

    after = state_after(trigger(paused=paused), before, state, False, LATER)

    assert (after.paused, after.by, after.since) == (paused, "configuration", LATER)


def test_another_subscriber_ends_what_an_answer_paused_and_not_what_a_person_did() -> None:
    document = document_of(trigger())

    by_answer = state_after(trigger(), document, PAUSED_BY_ANSWER, True, LATER)
    by_person = state_after(trigger(), document, PAUSED_BY_COMMAND, True, LATER)

    assert (by_answer.paused, by_person.paused) == (False, True)


def test_after_a_restart_another_subscriber_in_the_document_ends_it_too() -> None:
    old, new = trigger(), trigger(subscriber={"uri": "http://y/"})

    standing = stand(new, known(revision(old), state=PAUSED_BY_ANSWER), LATER)

    assert not standing.state.paused


def test_the_filter_of_a_removed_trigger_matches_nothing() -> None:
    event = Event({"id": "1", "source": "/s", "type": "t"}, None, b"")

    assert filter_of(document_of(trigger())).matches(event)
    assert not filter_of(REMOVED_SPEC).matches(event)
