"""Where a trigger begins after a start."""

from datetime import UTC, datetime

from broker.event import Event
from broker.storage.rows import Cursor, Loaded, Revision, TriggerState
from sinks.spec import HttpSinkSpec
from triggers.standing import (
    REMOVED_SPEC,
    Standing,
    document_of,
    filter_of,
    left_behind,
    removed,
    stand,
)
from triggers.trigger import TriggerSpec

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def trigger(filters: object = ()) -> TriggerSpec:
    document = {"spec": {"filters": list(filters)}}  # type: ignore[call-overload]
    return TriggerSpec("default/t", "default/default", HttpSinkSpec("http://x/"), document)


def loaded(**facts: object) -> Loaded:
    state: dict[str, object] = {
        "log_id": "00000000",
        "owner_epoch": 1,
        "first_offset": 1,
        "last_offset": 100,
        "stored_at": NOW,
        "routed": 90,
    }
    return Loaded(**{**state, **facts})  # type: ignore[arg-type]


def known(spec: TriggerSpec, from_offset: int = 11) -> Revision:
    return Revision(spec.name, 1, from_offset, document_of(spec), NOW)


def stood(spec: TriggerSpec, before: Loaded, start_offset: int, now: datetime) -> Standing:
    own = [revision for revision in before.revisions if revision.trigger == spec.name]
    return stand(spec, own, before, start_offset, now)


def test_a_new_trigger_begins_where_its_start_says_and_is_written_down() -> None:
    standing = stood(trigger(), loaded(), 100, NOW)

    assert standing.position == 100
    assert standing.applied is not None
    assert standing.applied.from_offset == 101


def test_a_trigger_with_nothing_open_stands_where_routing_stood() -> None:
    spec = trigger()

    standing = stood(spec, loaded(revisions=(known(spec),)), 100, NOW)

    assert (standing.position, standing.applied, standing.has_row) == (90, None, False)


def test_a_trigger_with_a_cursor_goes_on_from_it_and_skips_what_was_settled() -> None:
    spec = trigger()
    cursor = Cursor(spec.name, 40, ((42, 50),))

    standing = stood(spec, loaded(revisions=(known(spec),), cursors={spec.name: cursor}), 100, NOW)

    assert (standing.position, standing.settled, standing.has_row) == (40, ((42, 50),), True)


def test_a_changed_filter_counts_from_what_is_stored_next_and_the_old_one_before() -> None:
    old, new = trigger(), trigger([{"exact": {"type": "x"}}])

    standing = stood(new, loaded(revisions=(known(old),)), 100, NOW)

    assert [r.from_offset for r in standing.revisions] == [11, 101]
    assert standing.applied == standing.revisions[-1]


def test_a_pause_that_an_answer_asked_for_lasts_until_the_spec_changes() -> None:
    spec = trigger()
    paused = {spec.name: TriggerState(spec.name, paused=True, reason="HTTP 410")}
    before = loaded(revisions=(known(spec),), states=paused)

    same = stood(spec, before, 100, NOW)
    changed = stood(trigger([{"exact": {"type": "x"}}]), before, 100, NOW)

    assert same.pause is not None
    assert changed.pause is None


def test_a_cursor_before_what_was_pruned_goes_on_at_the_oldest_event() -> None:
    spec = trigger()
    cursors = {spec.name: Cursor(spec.name, 5)}

    standing = stood(
        spec, loaded(revisions=(known(spec),), cursors=cursors, first_offset=31), 100, NOW
    )

    assert standing.position == 30


def test_triggers_that_the_configuration_no_longer_names_are_found() -> None:
    spec = trigger()

    assert left_behind(loaded(revisions=(known(spec),)), frozenset()) == ("default/t",)
    assert left_behind(loaded(revisions=(known(spec),)), frozenset({"default/t"})) == ()


def test_a_trigger_that_was_removed_and_comes_back_begins_anew() -> None:
    spec = trigger()
    before = loaded(revisions=(known(spec),))
    after = loaded(revisions=(known(spec), removed(spec.name, before, NOW)))

    standing = stood(spec, after, 100, NOW)

    assert left_behind(after, frozenset()) == ()
    assert standing.applied is not None
    assert (standing.applied.number, standing.applied.from_offset) == (3, 101)


def test_the_filter_of_a_removed_trigger_matches_nothing() -> None:
    event = Event({"id": "1", "source": "/s", "type": "t"}, None, b"")

    assert filter_of(document_of(trigger())).matches(event)
    assert not filter_of(REMOVED_SPEC).matches(event)
