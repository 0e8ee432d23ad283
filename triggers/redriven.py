"""What came back from the desk, in its lane: a share of the trigger's slots at once, no more.

Rows that are due wait here, in the order they came, until one that was let go has settled.
"""

from collections import deque

from broker.storage.rows import Place
from triggers.carriage import Carriage


class Redriven:
    """Those of one lane that are due: `waiting`, or let go and not settled yet."""

    __slots__ = ("_going", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[Carriage] = deque()
        self._going: set[Place] = set()

    def wait(self, carriage: Carriage) -> None:
        self.waiting.append(carriage)

    def settled(self, place: Place) -> None:
        self._going.discard(place)

    def let_go(self, most: int) -> list[Carriage]:
        """The next, so that at most `most` are on their way at once."""
        free = most - len(self._going)
        gone = [self.waiting.popleft() for _ in range(min(free, len(self.waiting)))]
        self._going.update(carriage.place for carriage in gone)
        return gone

    def clear(self) -> None:
        self.waiting.clear()
        self._going.clear()
