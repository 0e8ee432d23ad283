"""Redriving from outside: at the rate, waiting for a busy trigger, and not for ever."""

from collections.abc import Mapping, Sequence
from typing import Any

from deploy.cli.client import Item
from deploy.cli.progress import Progress
from deploy.cli.redriving import Redriving

HUNDRED = [f"l{number:02}" for number in range(100)]


class Desk:
    """Answers as the admin listener does; `lives` are the states of each letter, in order."""

    def __init__(
        self, lives: Mapping[str, Sequence[str]] | None = None, is_busy: Sequence[bool] = ()
    ) -> None:
        self.lives = {letter: list(states) for letter, states in (lives or {}).items()}
        self.is_busy = list(is_busy)
        self.slices: list[list[str]] = []

    def post(self, path: str, body: Mapping[str, Any]) -> Item:
        ids = list(body["ids"])
        if path.endswith("states"):
            return {"states": {one: self._state(one) for one in ids if one in self.lives}}
        self.slices.append(ids)
        if self.is_busy and self.is_busy.pop(0):
            return {"moved": [], "refused": [{"id": one, "why": "busy"} for one in ids]}
        return {"moved": ids, "refused": []}

    def _state(self, letter: str) -> str:
        states = self.lives[letter]
        return states.pop(0) if len(states) > 1 else states[0]


class OwnTime:
    """Passes only by sleeping."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def redriving(desk: Desk, time: OwnTime, rate: float = 50.0) -> Redriving:
    return Redriving(desk, rate, 10.0, time.now, time.sleep)


def test_slices_go_at_the_rate() -> None:
    desk, time = Desk(), OwnTime()

    tally = redriving(desk, time, rate=20.0).send(HUNDRED, "", Progress(100))

    assert (len(tally.moved), tally.refused) == (100, [])
    assert [len(one) for one in desk.slices] == [4] * 25
    assert 4.7 < time.seconds < 5.0


def test_a_trigger_in_order_that_is_busy_is_waited_for() -> None:
    desk, time = Desk(is_busy=[False, True, True, False]), OwnTime()

    tally = redriving(desk, time).send(HUNDRED[:20], "", Progress(20))

    assert (sorted(tally.moved), tally.refused) == (HUNDRED[:20], [])
    assert len(desk.slices) == 4
    assert time.seconds > 2.0


def test_a_trigger_that_stays_busy_is_not_waited_for_ever() -> None:
    desk, time = Desk(is_busy=[True] * 1000), OwnTime()

    tally = redriving(desk, time).send(HUNDRED[:20], "", Progress(20))

    assert (tally.moved, len(tally.refused)) == ([], 20)
    assert time.seconds < 25.0


def test_each_is_counted_by_what_became_of_it() -> None:
    lives = {
        "l00": ["redriving", "delivered"],
        "l01": ["redriving", "redriving", "dead"],
        "l02": ["discarded"],
    }
    desk, time = Desk(lives), OwnTime()
    tally = redriving(desk, time).send(HUNDRED[:4], "", Progress(4))

    redriving(desk, time).follow(tally, Progress(4))

    assert (tally.delivered, tally.failed_again, tally.other, tally.under_way) == (1, 1, 2, 0)


def test_following_ends_where_nothing_changes_any_more() -> None:
    desk, time = Desk({"l00": ["redriving"]}), OwnTime()
    tally = redriving(desk, time).send(["l00"], "", Progress(1))

    redriving(desk, time).follow(tally, Progress(1))

    assert (tally.under_way, tally.delivered) == (1, 0)
    assert 10.0 <= time.seconds < 11.0
