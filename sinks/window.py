"""Outcomes of the last ten seconds, counted in slots of one second."""

from collections import deque
from math import inf

SLOT_SECONDS = 1.0
SLOTS = 10


class Window:
    """Add to `good` and `bad`; call `turn` first when `now` reached `slot_ends_at`."""

    __slots__ = ("_past", "_slot_began_at", "bad", "good", "slot_ends_at")

    def __init__(self) -> None:
        self.slot_ends_at = -inf
        self.clear()

    def clear(self) -> None:
        """Forget all outcomes; the slot under way goes on."""
        self.good = self.bad = 0
        self._past: deque[tuple[float, int, int]] = deque(maxlen=SLOTS - 1)
        self._slot_began_at = -inf

    def turn(self, now: float) -> tuple[int, int, float]:
        """Begin a slot at `now`; gives what the last one counted: good, bad, its seconds."""
        good, bad = self.good, self.bad
        seconds = max(SLOT_SECONDS, now - self._slot_began_at)
        if good or bad:
            self._past.append((self.slot_ends_at, good, bad))
        while self._past and self._past[0][0] <= now - (SLOTS - 1) * SLOT_SECONDS:
            self._past.popleft()
        self._slot_began_at = now
        self.slot_ends_at = now + SLOT_SECONDS
        self.good = self.bad = 0
        return good, bad, seconds

    def totals(self) -> tuple[int, int]:
        """Good and bad outcomes of about the last ten seconds."""
        return (
            self.good + sum(good for _, good, _ in self._past),
            self.bad + sum(bad for _, _, bad in self._past),
        )
