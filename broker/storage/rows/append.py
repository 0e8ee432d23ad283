"""What is appended: events with the records that go with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from broker.errors import HeadraceError
from broker.event import Event, StoredEvent


@dataclass(frozen=True, slots=True)
class Record:
    """One small durable keyed value. `value` None deletes it.

    `expect` is the revision it must have now (0: must not exist); None writes blindly.
    A mismatch fails the whole append or checkpoint with StaleRevision.
    """

    key: str
    value: bytes | None
    expect: int | None = None


class Append:
    """Events on their way into the log in one commit, all or nothing.

    `keys` are 8 opaque bytes per event (the dedupe key's hash), in order, kept with the
    events so that `Log.recent_keys` can give them back after a restart.
    `done(append)` is called exactly once, on the loop: then either `stored` holds one
    StoredEvent per event, in order, or `error` says why not.
    `taken` is set by the writer when it can no longer be withdrawn.
    """

    __slots__ = (
        "done",
        "error",
        "events",
        "keys",
        "principal",
        "queued_at",
        "records",
        "stored",
        "taken",
    )

    def __init__(
        self,
        events: Sequence[Event],
        keys: bytes,
        done: "Callable[[Append], None]",
        principal: str = "anonymous",
        records: Sequence[Record] = (),
        queued_at: float = 0.0,
    ) -> None:
        self.events = events
        self.keys = keys
        self.done = done
        self.principal = principal
        self.records = records
        self.queued_at = queued_at  # monotonic seconds
        self.taken = False
        self.stored: Sequence[StoredEvent] = ()
        self.error: HeadraceError | None = None
