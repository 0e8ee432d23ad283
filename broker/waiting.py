"""What the intake waits for: appends on their way to a commit, and requests in doubt."""

from collections.abc import Callable, Sequence

from broker.dedupe import KEY_BYTES, Verdict
from broker.errors import HeadraceError
from broker.event import Event
from broker.storage.rows import Append, Record


class Accepted:
    """Stored durably; `is_duplicate` where all of it had been stored before."""

    __slots__ = ("is_duplicate",)

    def __init__(self, is_duplicate: bool) -> None:
        self.is_duplicate = is_duplicate


ACCEPTED = Accepted(False)
DUPLICATE = Accepted(True)

Result = Accepted | HeadraceError
Done = Callable[[Result], None]


class Entry(Append):
    """An append with those who wait for its commit."""

    __slots__ = ("bytes", "followers", "is_answered", "tell")

    def __init__(
        self,
        events: Sequence[Event],
        keys: bytes,
        done: Callable[[Append], None],
        principal: str,
        records: Sequence[Record],
        queued_at: float,
        tell: Done,
        size_bytes: int,
    ) -> None:
        # Set here, not through Append.__init__: one call less per event.
        self.events = events
        self.keys = keys
        self.done = done
        self.principal = principal
        self.records = records
        self.queued_at = queued_at
        self.taken = False
        self.stored = ()
        self.error = None
        self.tell = tell
        self.bytes = size_bytes
        self.followers: list[Done] | None = None  # repeats that came before the commit
        self.is_answered = False

    def event_of(self, key: bytes) -> Event:
        """The first event stored under `key`; the entry has one."""
        at = next(at for at in range(0, len(self.keys), KEY_BYTES) if self.keys.startswith(key, at))
        return self.events[at // KEY_BYTES]

    def follow(self, follower: Done) -> None:
        if self.followers is None:
            self.followers = []
        self.followers.append(follower)

    def answer(self, result: Result) -> None:
        """Tell all who wait; only the first answer counts."""
        if self.is_answered:
            return
        self.is_answered = True
        self.tell(result)
        for follower in self.followers or ():
            follower(result)


class Doubt:
    """A request some of whose keys are known: it waits until the log was asked.

    `verdicts` are what the log said, by (index in the request, offset).
    """

    __slots__ = (
        "bytes", "events", "is_answered", "keys", "principal", "queued_at", "records", "release",
        "rounds", "tell", "verdicts",
    )  # fmt: skip

    def __init__(
        self,
        events: Sequence[Event],
        keys: Sequence[bytes],
        principal: str,
        records: Sequence[Record],
        queued_at: float,
        tell: Done,
        release: Callable[[int, int], None],
    ) -> None:
        self.events = events
        self.keys = keys
        self.principal = principal
        self.records = records
        self.queued_at = queued_at
        self.tell = tell
        self.release = release
        self.bytes = sum(event.size_bytes for event in events)
        self.rounds = 0
        self.verdicts: dict[tuple[int, int], Verdict] = {}
        self.is_answered = False

    def answer(self, result: Result) -> None:
        """Tell the publisher; only the first answer counts."""
        if self.is_answered:
            return
        self.is_answered = True
        self.release(len(self.events), self.bytes)
        self.tell(result)


class Join:
    """Passes on `result` once `count` results are in, or the first error among them."""

    __slots__ = ("error", "left", "result", "tell")

    def __init__(self, count: int, result: Accepted, tell: Done) -> None:
        self.left = count
        self.result = result
        self.tell = tell
        self.error: HeadraceError | None = None

    def __call__(self, result: Result) -> None:
        self.left -= 1
        if isinstance(result, HeadraceError):
            self.error = self.error or result
        if not self.left:
            self.tell(self.error or self.result)
