"""Which events were stored lately: hashes of (principal, source, id, type) to their offset.

A hit is only a suspicion; the intake confirms it against the log. Lost keys cost a
duplicate, never an event.
"""

from collections.abc import Sequence
from enum import Enum
from hashlib import blake2b

from broker.event import Event

KEY_BYTES = 8
GENERATIONS = 4  # a full table forgets a quarter at once, and as little work per key as can be


class Verdict(Enum):
    """What an event is beside an earlier one with the same key."""

    NEW = "new"  # another event after all: the hashes collide, or the window is over
    SAME = "same"
    DIFFERS = "differs"  # the same identity with other data


def key_of(principal: str, event: Event) -> bytes:
    """8 bytes for an event's identity; NUL, which no attribute may hold, keeps the parts apart."""
    identity = f"{principal}\0{event.source}\0{event.id}\0{event.type}"
    return blake2b(identity.encode(), digest_size=KEY_BYTES).digest()


def key_of_reply(trigger: str, delivery_id: str) -> bytes:
    """8 bytes for the one reply that a delivery may append."""
    return blake2b(f"{trigger}\0{delivery_id}".encode(), digest_size=KEY_BYTES).digest()


def compare(earlier: Event, event: Event) -> Verdict:
    """Whether `event` repeats `earlier`, both from one principal.

    Attributes beside the identity may differ: a retry gets a new traceparent, and source
    and id alone name an event (CloudEvents 1.0, "id").
    """
    if (earlier.id, earlier.source, earlier.type) != (event.id, event.source, event.type):
        return Verdict.NEW
    return Verdict.SAME if earlier.data == event.data else Verdict.DIFFERS


class RecentKeys:
    """Keys stored within the window; at most `keys_max`, then the window shrinks.

    Kept in generations that are forgotten whole. Times are monotonic seconds.
    """

    __slots__ = (
        "_ends", "_generation_keys", "_tables", "_turn_at", "keys_max", "window_seconds",
    )  # fmt: skip

    def __init__(self, window_seconds: float, keys_max: int) -> None:
        self.window_seconds = window_seconds
        self.keys_max = keys_max
        self._tables: list[dict[bytes, int]] = [{}]  # the latest first
        self._ends: list[float] = []  # when each table but the latest got its last key
        self._generation_keys = keys_max // GENERATIONS
        self._turn_at = 0.0  # when the latest table is full of time

    def __len__(self) -> int:
        return sum(map(len, self._tables))

    def find(self, key: bytes) -> int | None:
        """The offset of the latest event with `key`, None if none is known."""
        for table in self._tables:
            if key in table:
                return table[key]
        return None

    def add(self, key: bytes, offset: int, at_seconds: float) -> None:
        table = self._tables[0]
        table[key] = offset
        if at_seconds > self._turn_at or len(table) >= self._generation_keys:
            self._turn(at_seconds)

    def add_packed(self, packed: bytes, first_offset: int, at_seconds: float) -> None:
        """Keys of consecutive offsets, as a commit keeps them."""
        for number in range(len(packed) // KEY_BYTES):
            key = packed[number * KEY_BYTES : (number + 1) * KEY_BYTES]
            self.add(key, first_offset + number, at_seconds)

    def forget(self, at_seconds: float) -> None:
        """Let go of generations whose last key is older than the window."""
        while self._ends and at_seconds - self._ends[-1] > self.window_seconds:
            self._ends.pop()
            self._tables.pop()

    def _turn(self, at_seconds: float) -> None:
        """Begin a generation, and forget the oldest where there are too many keys."""
        self._tables.insert(0, {})
        self._ends.insert(0, at_seconds)
        self._turn_at = at_seconds + self.window_seconds / GENERATIONS
        self.forget(at_seconds)
        while (
            len(self._tables) > 1 and len(self) > self.keys_max * (GENERATIONS - 1) // GENERATIONS
        ):
            self._ends.pop()
            self._tables.pop()


def runs(offsets: Sequence[int]) -> list[tuple[int, int]]:
    """`offsets` as (first, last) runs without gaps, ascending: one read of the log each."""
    found: list[tuple[int, int]] = []
    for offset in sorted(set(offsets)):
        if found and found[-1][1] == offset - 1:
            found[-1] = (found[-1][0], offset)
        else:
            found.append((offset, offset))
    return found
