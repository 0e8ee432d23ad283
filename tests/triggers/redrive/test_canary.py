"""The canary's decision, as a value."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from triggers.redrive.advancing import delivered, ended, failed_again, gone, took, tried
from triggers.redrive.canary import may_take
from triggers.redrive.job import Options, RedriveJob, State, begin
from triggers.redrive.plan import Strand

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def job_of(count: int, canary: int | None = None, abort_above: float = 0.2) -> RedriveJob:
    options = Options(canary=canary, abort_above=abort_above)
    return begin("plan", "default/default", (Strand("default/t", count),), options, "ann", "", NOW)


def with_sent(job: RedriveJob, ids: str) -> RedriveJob:
    return took(job, dict.fromkeys(ids, 0), ids, ())


def test_only_large_plans_have_a_canary_by_themselves() -> None:
    canaries = [job_of(count).canary for count in (100, 101)]

    assert canaries == [0, 10]


def test_a_canary_sends_no_more_than_its_size_at_first() -> None:
    job = with_sent(job_of(1_000, canary=4), "abc")

    left = may_take(job)

    assert (job.state, left) == (State.CANARY, 1)


def test_a_canary_passes_when_all_were_tried_and_few_failed() -> None:
    job = with_sent(job_of(1_000, canary=4, abort_above=0.25), "abcd")

    for one in "abc":
        job = delivered(job, one)
    job = failed_again(job, "d", "group")

    assert (job.state, job.why) == (State.RUNNING, "")


def test_a_canary_is_over_as_soon_as_it_cannot_pass() -> None:
    job = with_sent(job_of(1_000, canary=4, abort_above=0.25), "abcd")

    job = failed_again(tried(job, "a"), "b", "group")

    assert job.state is State.ABORTED
    assert job.why == "2 of the canary's 4 failed again: 50 %, and 25 % are let pass"


def test_one_that_is_gone_before_it_was_tried_lets_another_be_the_canary() -> None:
    job = with_sent(job_of(1_000, canary=2), "ab")

    job = gone(job, "a", "expired")

    assert (may_take(job), job.refused_by) == (1, {"expired": 1})


def test_a_canary_of_which_all_are_refused_does_not_wait_for_ever() -> None:
    job = took(job_of(2, canary=2), {"a": 0, "b": 0}, (), ["trigger-gone"] * 2)

    job = ended(job, NOW)

    assert (job.state, job.ended_at) == (State.DONE, NOW)


@given(st.lists(st.booleans(), max_size=200), st.floats(0, 1))
def test_a_job_is_aborted_only_where_too_many_first_attempts_failed(
    outcomes: list[bool], abort_above: float
) -> None:
    job = job_of(len(outcomes) + 1, canary=0, abort_above=abort_above)

    for number, is_well in enumerate(outcomes):
        name = str(number)
        job = took(job, {name: 0}, [name], ())
        job = delivered(job, name) if is_well else failed_again(job, name, "group")

    latest = [outcomes[max(0, end - 50) : end] for end in range(20, len(outcomes) + 1)]
    is_too_much = any(some.count(False) > abort_above * len(some) for some in latest)
    assert (job.state is State.ABORTED) == is_too_much
    assert job.tally.delivered + job.tally.failed_again == job.tally.started
