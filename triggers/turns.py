"""Order by key: one delivery of a key at a time, while other keys go on.

A key is busy from the moment one event of it is in the queue until that one is settled.
Later events of a busy key wait here, in memory; when the one ahead is parked they become
offset-only rows, so that a long wait costs an offset each and not an event each.
"""

from collections import deque
from collections.abc import Callable, Iterable

from broker.event import StoredEvent

WAITING_ROWS_MAX = 10_000


class Turn:
    """What waits behind the busy delivery of one key: events, or offsets once it is parked."""

    __slots__ = ("events", "offsets", "parked")

    def __init__(self) -> None:
        self.events: deque[StoredEvent] = deque()
        self.offsets: deque[int] = deque()
        self.parked = False


class Turns:
    """All busy keys of one trigger.

    `count_bytes` is told how many bytes of events more (or fewer) wait here: they are
    memory as much as those in a queue.
    """

    def __init__(self, count_bytes: Callable[[int], None] = lambda _bytes: None) -> None:
        self._turns: dict[str, Turn] = {}
        self._count_bytes = count_bytes
        self.rows = 0
        self.events = 0

    @property
    def is_full(self) -> bool:
        return self.rows >= WAITING_ROWS_MAX

    def take(self, key: str) -> bool:
        """Make `key` busy; False if it already is."""
        if key in self._turns:
            return False
        self._turns[key] = Turn()
        return True

    def wait(self, key: str, stored: StoredEvent) -> bool:
        """Queue behind busy `key`; True if it became an offset-only row."""
        turn = self._turns[key]
        if turn.parked or turn.offsets:
            turn.offsets.append(stored.offset)
            self.rows += 1
            return True
        turn.events.append(stored)
        self.events += 1
        self._count_bytes(stored.event.size_bytes)
        return False

    def park(self, key: str) -> Iterable[int]:
        """The busy one of `key` is parked; gives the offsets that now become rows."""
        turn = self._turns[key]
        turn.parked = True
        moved = [stored.offset for stored in turn.events]
        self._count_bytes(-sum(stored.event.size_bytes for stored in turn.events))
        turn.events.clear()
        turn.offsets.extend(moved)
        self.rows += len(moved)
        self.events -= len(moved)
        return moved

    def resume(self, key: str) -> None:
        """The parked one of `key` is taken up again."""
        self._turns[key].parked = False

    def release(self, key: str) -> StoredEvent | int | None:
        """The busy one of `key` is settled; gives who is next (an event or a row's offset)."""
        turn = self._turns[key]
        turn.parked = False
        if turn.offsets:
            self.rows -= 1
            return turn.offsets.popleft()
        if turn.events:
            self.events -= 1
            following = turn.events.popleft()
            self._count_bytes(-following.event.size_bytes)
            return following
        del self._turns[key]
        return None

    def load(self, key: str, offset: int) -> None:
        """An offset-only row found at start; rows come in ascending order."""
        turn = self._turns.setdefault(key, Turn())
        turn.offsets.append(offset)
        self.rows += 1

    def load_parked(self, key: str) -> None:
        """A parked delivery of `key` found at start."""
        self._turns.setdefault(key, Turn()).parked = True

    def orphans(self) -> list[str]:
        """Keys whose rows wait behind nothing: their first one may go (after a crash)."""
        return [key for key, turn in self._turns.items() if turn.offsets and not turn.parked]
