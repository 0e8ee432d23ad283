"""What is said of a job that has ended: what happened, what is left, what to do, and how fast."""

from typing import Any

import pytest

from deploy.admin.file_view import EXAMPLE as FILE
from deploy.admin.plan_view import JOB
from deploy.admin.replay_view import EXAMPLE as REPLAY
from deploy.console.endings import file_ending, redrive_ending, replay_ending

TALLY = {
    "started": 400, "delivered": 400, "failed_again": 0, "waiting": 0, "refused": 0, "other": 0,
}  # fmt: skip
ENDED = {"state": "done", "left": 0, "ended_at": "2026-03-01T09:31:10.000Z", "why": ""}


def redrive(tally: dict[str, int], **more: Any) -> tuple[str, list[str]]:
    ending = redrive_ending({**JOB, **ENDED, "tally": {**TALLY, **tally}, **more})
    assert ending is not None
    return ending.tone, list(ending.sentences)


def test_a_job_under_way_has_no_ending() -> None:
    found = [redrive_ending(JOB), replay_ending(REPLAY), file_ending(FILE)]

    assert found == [None, None, None]


def test_an_ending_has_the_time_and_the_rate_of_all_of_it() -> None:
    ending = redrive_ending({**JOB, **ENDED, "tally": TALLY})

    assert ending is not None
    assert (ending.took_seconds, ending.per_second) == (10.0, 40.0)


def test_of_a_redrive_that_arrived_whole_nothing_is_left_to_do() -> None:
    said = redrive({})

    assert said == ("done", ["All of the plan was delivered.", "Nothing is left to do."])


def test_what_was_published_again_is_not_called_delivered() -> None:
    _, said = redrive({}, to_broker="default/default")

    assert said[0] == "All of the plan was published again."


def test_what_failed_again_is_counted_and_found_in_its_groups() -> None:
    tone, said = redrive({"delivered": 399, "failed_again": 1})

    assert tone == ""
    assert said[1] == "1 failed again, and is dead."
    assert "in its groups" in said[2]


def test_a_redrive_that_stopped_itself_says_why_and_what_was_not_begun() -> None:
    tone, said = redrive({"delivered": 0, "failed_again": 3}, state="aborted", left=9, why="3 of 3")

    assert tone == "bad"
    assert said[:3] == [
        "It stopped by itself: 3 of 3.",
        "9 were not begun, and are as before.",
        "3 failed again, and are dead.",
    ]


def test_a_redrive_that_was_cancelled_says_the_reason() -> None:
    _, said = redrive({}, state="cancelled", left=5, why="wrong group")

    assert said[0] == "It was cancelled: wrong group."
    assert said[-1] == "A new plan takes up what is left."


@pytest.mark.parametrize(
    ("state", "tone"), [("finished", ""), ("cancelled", ""), ("failed", "bad")]
)
def test_a_replay_says_what_it_did_not_reach(state: str, tone: str) -> None:
    ending = replay_ending({**REPLAY, "state": state, "ended_at": ENDED["ended_at"]})

    assert ending is not None
    assert ending.tone == tone
    assert "750 events were not reached." in ending.sentences
    assert "1 became a dead letter." in ending.sentences


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled", "superseded"])
def test_a_file_says_what_failed_in_it(state: str) -> None:
    ending = file_ending({**FILE, "state": state, "ended_at": ENDED["ended_at"]})

    assert ending is not None
    assert "10 records failed." in ending.sentences
    assert len(ending.sentences) == 3


def test_a_file_without_failures_is_whole() -> None:
    told = {**FILE, "state": "completed", "failed": 0, "ended_at": ENDED["ended_at"]}

    ending = file_ending(told)

    assert ending is not None
    assert ending.tone == "done"
