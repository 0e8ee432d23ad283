"""What follows from what operators said of a group, and from what came after."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.storage.desk import Group
from tests.scenarios.house import BEGINNING
from triggers.groups.state import (
    UNTENDED,
    GroupRecord,
    GroupState,
    Remark,
    Turn,
    changed,
    pack,
    remarked,
    reopened,
    unpack,
    untold,
)

GROUP = Group(
    "g", "default/t", "sink", "transient", 503, "attempts", "<number> busy",
    3, 5, BEGINNING, BEGINNING + timedelta(seconds=60), "letter",
)  # fmt: skip
LATER = BEGINNING + timedelta(hours=1)


def put(record: GroupRecord, state: GroupState, group: Group = GROUP) -> GroupRecord:
    return changed(record, group, state, "ann", LATER)


def test_a_resolved_group_with_another_failure_is_open_and_regressed() -> None:
    resolved = put(UNTENDED, GroupState.RESOLVED)

    again = reopened(resolved, replace(GROUP, total=GROUP.total + 1))

    assert reopened(resolved, GROUP) == resolved
    assert (again.state, again.is_regressed) == (GroupState.OPEN, True)


def test_a_resolved_group_that_was_gone_and_comes_again_has_regressed() -> None:
    resolved = put(UNTENDED, GroupState.RESOLVED)
    anew = replace(GROUP, total=1, first_at=LATER, last_at=LATER)

    assert reopened(resolved, anew).is_regressed


@pytest.mark.parametrize("state", [GroupState.IGNORED, GroupState.ACKNOWLEDGED])
def test_only_a_resolved_group_opens_again(state: GroupState) -> None:
    record = put(UNTENDED, state)

    assert reopened(record, replace(GROUP, total=99)) == record


def test_each_turn_is_told_once_and_in_order() -> None:
    told: list[Turn] = []
    record, worse = UNTENDED, replace(GROUP, total=GROUP.total + 1)

    for group, act in ((GROUP, None), (GROUP, GroupState.RESOLVED), (worse, None), (worse, None)):
        record = reopened(record if act is None else put(record, act, group), group)
        while (turn := untold(record)) is not None:
            told.append(turn)
            record = replace(record, told=turn.value)

    assert told == [Turn.OPENED, Turn.RESOLVED, Turn.REGRESSED]


def test_a_group_that_is_resolved_again_is_told_of_again() -> None:
    regressed = GroupRecord(is_regressed=True, told=Turn.REGRESSED)

    resolved = put(regressed, GroupState.RESOLVED)

    assert (untold(resolved), resolved.is_regressed) == (Turn.RESOLVED, False)


def test_a_verb_that_changes_nothing_changes_nothing() -> None:
    record = put(UNTENDED, GroupState.ACKNOWLEDGED)

    assert put(record, GroupState.ACKNOWLEDGED) == record
    assert remarked(record, Remark(note="", owner=None), "bob", LATER) == record


def test_a_note_leaves_the_owner_and_empty_text_takes_one_away() -> None:
    record = remarked(UNTENDED, Remark(note="see 4711", owner="ops"), "ann", LATER)

    after = remarked(record, Remark(owner=""), "bob", LATER)

    assert (after.note, after.owner, after.by) == ("see 4711", "", "bob")


@given(
    st.builds(
        GroupRecord,
        state=st.sampled_from(GroupState),
        note=st.text(),
        owner=st.text(),
        total=st.integers(0, 10**9),
        is_regressed=st.booleans(),
        told=st.sampled_from(["", *Turn]),
    )
)
def test_a_record_comes_back_as_it_was_written(record: GroupRecord) -> None:
    assert unpack(pack(record)) == record
