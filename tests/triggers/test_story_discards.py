"""Which act left an event out: read from the audit, newest first."""

from datetime import UTC, datetime, timedelta

import pytest

from broker.storage.rows import Audit, Mark
from triggers.story.discards import discard_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
T = "default/t"


def sought(first: int, to: int, trigger: str = T) -> Audit:
    return Audit(NOON, "eve", "seek", f"{trigger}: from offset {first} to {to}")


@pytest.mark.parametrize(
    ("acts", "is_left_out"),
    [
        ([sought(5, 9)], True),
        ([sought(8, 9)], False),
        ([sought(5, 7)], False),
        ([sought(5, 9, "default/other")], False),
        ([sought(9, 6), sought(5, 9)], False),
        ([sought(5, 9), sought(9, 6)], True),
        ([Audit(NOON, "eve", "remove", f"{T}: discard")], True),
        ([Audit(NOON, "eve", "remove", f"{T}: dead-letter")], False),
        ([Audit(NOON, "eve", "pause", T)], False),
    ],
)
def test_the_latest_act_that_passed_over_it_decides(acts: list[Audit], is_left_out: bool) -> None:
    found = discard_of(T, 7, acts, None)

    assert (found is not None) == is_left_out


def test_what_was_delivered_before_the_act_was_not_left_out() -> None:
    before = Mark(T, NOON - timedelta(hours=1), 8, 8, 8)
    after = Mark(T, NOON + timedelta(hours=1), 8, 8, 8)

    found = [discard_of(T, 7, [sought(5, 9)], mark) for mark in (before, after)]

    assert [one is not None for one in found] == [False, True]
