"""Weights of variants: numbered sets, and the way back."""

from datetime import UTC, datetime

import pytest

from broker.errors import Conflict, Invalid
from deploy.models.weights import SETS_KEPT, History, first, of_bytes, to_bytes

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
YAML = {"stable": 90, "canary": 10}


def changed(history: History, *shares: int) -> History:
    for share in shares:
        history = history.weighted({"canary": share}, AT, "ci", "")
    return history


def canary(history: History) -> int:
    return history.now.weights["canary"]


def test_what_is_configured_is_the_first_set() -> None:
    history = first(YAML, AT)

    assert (history.now.number, history.now.weights, history.now.by) == (1, YAML, "configuration")


def test_the_others_keep_their_weights() -> None:
    history = changed(first(YAML, AT), 20)

    assert history.now.weights == {"stable": 90, "canary": 20}
    assert history.sets[0].weights == YAML


def test_each_way_back_goes_one_set_further() -> None:
    history = changed(first(YAML, AT), 20, 30)

    once = history.rolled_back(AT, "ci", "")
    twice = once.rolled_back(AT, "ci", "")

    assert [(one.now.number, canary(one), one.now.restores) for one in (once, twice)] == [
        (4, 20, 2), (5, 10, 1),
    ]  # fmt: skip
    with pytest.raises(Conflict, match="no weights before"):
        twice.rolled_back(AT, "ci", "")


def test_a_change_after_a_way_back_is_undone_to_what_was_in_force() -> None:
    history = changed(first(YAML, AT), 20).rolled_back(AT, "ci", "")

    back = changed(history, 50).rolled_back(AT, "ci", "")

    assert (canary(back), back.now.restores) == (10, 1)


def test_a_configuration_with_other_weights_is_a_set_of_its_own() -> None:
    history = changed(first(YAML, AT), 20)

    same = history.configured(YAML, AT)
    other = history.configured({"stable": 1, "canary": 1}, AT)

    assert same is history
    assert (other.now.number, canary(other), other.now.by) == (3, 1, "configuration")


def test_no_way_leads_back_to_other_variants() -> None:
    history = first(YAML, AT).configured({"stable": 1, "green": 1}, AT)

    with pytest.raises(Conflict, match="other variants"):
        history.rolled_back(AT, "ci", "")


@pytest.mark.parametrize("changes", [{"none": 1}, {"canary": -1}, {"canary": 10**7}])
def test_a_weight_that_is_none_is_refused(changes: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        first(YAML, AT).weighted(changes, AT, "ci", "")


def test_some_variant_has_to_answer() -> None:
    with pytest.raises(Invalid, match="all weights"):
        first(YAML, AT).weighted({"stable": 0, "canary": 0}, AT, "ci", "")


def test_only_the_latest_sets_are_kept() -> None:
    history = changed(first(YAML, AT), *range(SETS_KEPT + 5))

    assert len(history.sets) == SETS_KEPT
    assert history.now.number == SETS_KEPT + 6


def test_what_is_kept_is_read_again() -> None:
    history = changed(first(YAML, AT), 20).rolled_back(AT, "ci", "it failed")

    assert of_bytes(to_bytes(history)) == history
