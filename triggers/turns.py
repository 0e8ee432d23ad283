"""Order by key: one delivery of a key at a time, while other keys go on.

A key is busy from the moment one event of it is in the queue until that one is settled.
Later events of a busy key wait here, in memory; when the one ahead is parked they become
offset-only rows, so that a long wait costs an offset each and not an event each.
"""

from collections import deque
from collections.abc import Callable, Iterable

from broker.event import StoredEvent
from triggers.carriage import Carriage

WAITING_ROWS_MAX = 10_000
Following = Carriage | StoredEvent | int | None
"""Who is next of a key: a row that is due, an event, the offset of one; or nobody yet."""


class Turn:
    """What waits behind the busy delivery of one key: events, or offsets once it is parked.

    `parked` counts its rows that are on disk only: one that waits for its next attempt, and
    dead letters on their way back. `resumed` are of these, due while another is carried.
    `is_row`: the one carried has a row, so that the log is not needed to find it again.
    """

    __slots__ = ("events", "is_carried", "is_row", "offsets", "parked", "resumed")

    def __init__(self) -> None:
        self.events: deque[StoredEvent] = deque()
        self.offsets: deque[int] = deque()
        self.resumed: deque[Carriage] = deque()
        self.parked = 0
        self.is_carried = False
        self.is_row = False


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

    @property
    def is_idle(self) -> bool:
        """No key is busy, so nothing is carried, parked or waits."""
        return not self._turns

    def take(self, key: str) -> bool:
        """Make `key` busy; False if it already is."""
        if key in self._turns:
            return False
        self._turns[key] = Turn()
        self._turns[key].is_carried = True
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
        self._turns[key].is_carried = False
        return self.come_back(key)

    def come_back(self, key: str) -> Iterable[int]:
        """A dead letter of `key` is a parked row again, and takes its turn when it is due.

        Gives the offsets that now become rows: whoever waits goes after it.
        """
        turn = self._turns.setdefault(key, Turn())
        turn.parked += 1
        moved = [stored.offset for stored in turn.events]
        self._count_bytes(-sum(stored.event.size_bytes for stored in turn.events))
        turn.events.clear()
        turn.offsets.extend(moved)
        self.rows += len(moved)
        self.events -= len(moved)
        return moved

    def resume(self, carriage: Carriage) -> bool:
        """A parked one is due; False if another of its key is carried: then it waits here."""
        assert carriage.order_key is not None, "unordered ones take no turns"
        turn = self._turns[carriage.order_key]
        turn.parked -= 1
        if turn.is_carried:
            turn.resumed.append(carriage)
            return False
        turn.is_carried = turn.is_row = True
        return True

    def release(self, key: str) -> Following:
        """The busy one of `key` is settled; gives who is next.

        None: nobody is, or a parked row will be when it is due. Where none is carried, a
        parked one was settled as it lay.
        """
        turn = self._turns[key]
        turn.parked -= not turn.is_carried and turn.parked > 0
        turn.is_carried = turn.is_row = True
        if turn.resumed:
            return turn.resumed.popleft()
        if turn.parked:
            turn.is_carried = False
            return None
        if turn.offsets:
            self.rows -= 1
            return turn.offsets.popleft()
        if turn.events:
            turn.is_row = False
            self.events -= 1
            following = turn.events.popleft()
            self._count_bytes(-following.event.size_bytes)
            return following
        del self._turns[key]
        return None

    def forget_events(self) -> list[tuple[str, Following]]:
        """Leave what has no row to the log; gives by key whose turn it is instead.

        The caller has emptied the queue, and nothing is in flight.
        """
        given = []
        for key, turn in list(self._turns.items()):
            self._count_bytes(-sum(stored.event.size_bytes for stored in turn.events))
            self.events -= len(turn.events)
            turn.events.clear()
            if turn.is_carried and not turn.is_row:
                given.append((key, self.release(key)))
        return given

    def stay_away(self, key: str) -> Following:
        """One that was to come back does not; gives who is next, if that is now decided."""
        turn = self._turns[key]
        if turn.is_carried:
            turn.parked -= 1
            return None
        return self.release(key)

    def waits(self, key: str, offset: int) -> bool:
        """Whether the event at `offset` stands in line for the turn of `key`."""
        turn = self._turns.get(key)
        if turn is None:
            return False
        held: tuple[StoredEvent | Carriage, ...] = (*turn.events, *turn.resumed)
        return offset in turn.offsets or any(one.offset == offset for one in held)

    def load(self, key: str, offset: int) -> None:
        """An offset-only row found at start; rows come in ascending order."""
        turn = self._turns.setdefault(key, Turn())
        turn.offsets.append(offset)
        self.rows += 1

    def load_parked(self, key: str) -> None:
        """A parked delivery of `key` found at start."""
        self._turns.setdefault(key, Turn()).parked += 1

    def orphans(self) -> list[str]:
        """Keys whose rows wait behind nothing: their first one may go (after a crash)."""
        return [key for key, turn in self._turns.items() if turn.offsets and not turn.parked]
