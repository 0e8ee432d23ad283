"""Send dead letters back at a rate, and follow them until each is delivered or dead again."""

import math
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from deploy.cli.client import Item
from deploy.cli.progress import Progress

SLICE_LETTERS_MAX = 500
SLICES_A_SECOND = 5
LOOK_SECONDS = 0.5
BUSY_SECONDS = 1.0
CATCH_UP_SECONDS = 1.0  # after a slow answer, so that the rate is kept on the whole


class Desk(Protocol):
    """The admin listener, as far as this asks it."""

    def post(self, path: str, body: Mapping[str, Any]) -> Item: ...


@dataclass
class Tally:
    """What became of those that were sent back."""

    moved: list[str] = field(default_factory=list)
    refused: list[Item] = field(default_factory=list)
    delivered: int = 0
    failed_again: int = 0
    under_way: int = 0
    other: int = 0  # discarded or forgotten while they were under way

    def answer(self) -> Item:
        return {
            "count": len(self.moved),
            "delivered": self.delivered,
            "failed_again": self.failed_again,
            "under_way": self.under_way,
            "other": self.other,
            "refused": self.refused,
        }


def act_in_slices(
    client: Desk, verb: str, ids: Sequence[str], body: dict[str, Any], progress: Progress
) -> Tally:
    """Discard or restore as fast as it goes."""
    tally = Tally()
    for start in range(0, len(ids), SLICE_LETTERS_MAX):
        some = list(ids[start : start + SLICE_LETTERS_MAX])
        answer = client.post(f"/dead-letters/{verb}", {**body, "ids": some})
        tally.moved += answer["moved"]
        tally.refused += answer["refused"]
        progress.advance(len(some))
    return tally


class Redriving:
    """`rate` a second; a trigger in order that has enough to do is waited for, bounded."""

    def __init__(
        self,
        client: Desk,
        rate: float,
        wait_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._rate = rate
        self._wait_seconds = wait_seconds
        self._clock = clock
        self._sleep = sleep

    def send(self, ids: Sequence[str], reason: str, progress: Progress) -> Tally:
        """Ask for all of them, a slice at a time, none sooner than the rate allows."""
        tally, left = Tally(), deque(ids)
        size = min(SLICE_LETTERS_MAX, max(1, math.ceil(self._rate / SLICES_A_SECOND)))
        due = self._clock()
        last_moved = due
        while left:
            self._sleep(max(0.0, due - self._clock()))
            some = [left.popleft() for _ in range(min(size, len(left)))]
            answer = self._client.post("/dead-letters/redrive", {"ids": some, "reason": reason})
            moved = answer["moved"]
            busy = [one for one in answer["refused"] if one["why"] == "busy"]
            tally.moved += moved
            tally.refused += [one for one in answer["refused"] if one["why"] != "busy"]
            progress.advance(len(some) - len(busy))
            now = self._clock()
            last_moved = now if moved else last_moved
            if busy and now - last_moved > self._wait_seconds:
                tally.refused += busy
                continue
            left.extend(str(one["id"]) for one in busy)
            due = max(due, now - CATCH_UP_SECONDS) + len(moved) / self._rate
            if busy and not moved:
                due = now + BUSY_SECONDS
        return tally

    def follow(self, tally: Tally, progress: Progress) -> None:
        """Count what becomes of them, until all have, or nothing has for `wait_seconds`."""
        waiting = list(tally.moved)
        until = self._clock() + self._wait_seconds
        while waiting:
            states = self._states(waiting)
            ended = Counter(states.get(one, "gone") for one in waiting)
            tally.delivered += ended["delivered"]
            tally.failed_again += ended["dead"]
            left = [one for one in waiting if states.get(one) == "redriving"]
            gone = len(waiting) - len(left)
            tally.other += gone - ended["delivered"] - ended["dead"]
            progress.advance(gone)
            now = self._clock()
            if gone:
                until = now + self._wait_seconds
            waiting = left
            if now >= until:
                break
            if waiting:
                self._sleep(min(LOOK_SECONDS, until - now))
        tally.under_way = len(waiting)

    def _states(self, ids: Sequence[str]) -> dict[str, str]:
        states: dict[str, str] = {}
        for start in range(0, len(ids), SLICE_LETTERS_MAX):
            some = list(ids[start : start + SLICE_LETTERS_MAX])
            states |= self._client.post("/dead-letters/states", {"ids": some})["states"]
        return states
