"""Following a redrive from outside: to its end, and not for ever."""

from typing import Any

from deploy.cli.client import Item
from deploy.cli.progress import Progress
from deploy.cli.redriving import PATIENCE_SECONDS, follow, go_through


def job(started: int, waiting: int = 0, state: str = "running", **more: Any) -> Item:
    tally = {"started": started, "waiting": waiting, "refused": 0}
    return {"id": "j", "state": state, "tally": tally, "ended_at": None, **more}


class Desk:
    """Shows these states of one job, the last for ever."""

    def __init__(self, *states: Item) -> None:
        self.states = list(states)
        self.asked: list[str] = []

    def get(self, path: str) -> Item:
        self.asked.append(path)
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]


class OwnTime:
    """Passes only by sleeping."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def followed(desk: Desk, time: OwnTime) -> Item:
    return follow(desk, job(0), Progress(10), time.now, time.sleep)


def test_a_job_is_followed_until_it_has_ended() -> None:
    end = job(10, state="done", ended_at="2026-03-01T09:30:00Z")
    desk, time = Desk(job(2, 1), job(8, 2), end), OwnTime()

    found = followed(desk, time)

    assert found == end
    assert desk.asked == ["/redrive-jobs/j"] * 3


def test_a_paused_job_is_not_waited_for() -> None:
    desk, time = Desk(job(2, 1), job(2, 1, state="paused")), OwnTime()

    found = followed(desk, time)

    assert (found["state"], time.seconds < 1.0) == ("paused", True)


def test_one_of_which_nothing_comes_is_left_to_itself() -> None:
    desk, time = Desk(job(2, 1), job(2, 2)), OwnTime()

    found = followed(desk, time)

    assert found["ended_at"] is None
    assert PATIENCE_SECONDS <= time.seconds < PATIENCE_SECONDS + 2


def test_what_goes_on_slowly_is_waited_for() -> None:
    end = job(5, state="done", ended_at="2026-03-01T09:30:00Z")
    slow = [job(number // 200, 0) for number in range(1_000)]
    desk, time = Desk(*slow, end), OwnTime()

    found = followed(desk, time)

    assert found == end
    assert time.seconds > 2 * PATIENCE_SECONDS


def discard(passed: int, count: int = 9) -> Item:
    return {"id": "p", "count": count, "passed": passed, "is_over": passed == count}


def test_a_discard_of_many_is_followed_to_its_end() -> None:
    desk = Desk(discard(5), discard(9))

    done = go_through(desk, discard(2), "discarding", OwnTime().sleep)

    assert done["is_over"]
    assert desk.asked == ["/dead-letters/plans/p"] * 2


def test_a_discard_of_few_is_over_at_once() -> None:
    desk = Desk(discard(9))

    done = go_through(desk, discard(9), "discarding", OwnTime().sleep)

    assert (done["passed"], desk.asked) == (9, [])
