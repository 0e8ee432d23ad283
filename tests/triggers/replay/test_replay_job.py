"""A replay job as a value, and as its record."""

from datetime import UTC, datetime

import pytest

from broker.errors import InvalidFilter
from broker.storage.rows import Counts
from tests.triggers.workshop import event
from triggers.replay.job import ReplayJob, ReplayRequest, State, Written, decode, encode

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def job(**facts: object) -> ReplayJob:
    whole: dict[str, object] = {
        "id": "again", "trigger": "default/t", "first": 3, "last": 9,
        "filters": ({"exact": {"type": "t"}},), "attributes": None, "revision": 2,
        "cesql": None, "rate_per_second": 50.0, "to_sink": None, "in_order": False,
        "by": "ada", "reason": "a broken model", "created_at": NOW, "digest": "d",
    }  # fmt: skip
    return ReplayJob(**{**whole, **facts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "one", [job(), job(cesql="id = '1'", to_sink="http://x/", in_order=True, attributes={"a": "b"})]
)
def test_a_record_gives_back_what_was_written(one: ReplayJob) -> None:
    ended = one.become(State.FAILED, "its trigger is gone", NOW)
    written = Written(ended, Counts(one.lane_name, 6, 3, 2, 1), passed=8)

    assert decode("again", encode(written)) == written


def test_a_job_names_its_lane_and_its_step_after_itself() -> None:
    assert job().lane_name == "default/t#replay/again"
    assert job().step == "replay/again"
    assert job().events == 7


def test_an_event_must_match_the_trigger_and_the_asked_filter() -> None:
    both = job(cesql="id = '1'").filter()

    assert both.matches(event(1))
    assert not both.matches(event(2))
    assert not both.matches(event(1, type="other"))


def test_a_filter_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidFilter):
        job(cesql="id =").filter()


def test_only_what_is_asked_for_tells_requests_apart() -> None:
    asked = ReplayRequest("default/t", 1, reason="one", id="a")

    assert asked.digest() == ReplayRequest("default/t", 1, reason="two", id="b").digest()
    assert asked.digest() != ReplayRequest("default/t", 2, reason="one", id="a").digest()
