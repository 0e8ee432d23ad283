"""What has been settled and is not on disk yet: it becomes the next checkpoint, whole."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from broker.storage.rows import (
    Audit,
    Checkpoint,
    Counts,
    Cursor,
    DeadLetter,
    Mark,
    Move,
    ParkedRow,
    Place,
    Record,
    Reply,
    Retried,
    Revision,
    TriggerState,
    WaitingRow,
)

if TYPE_CHECKING:
    from triggers.lane import Lane


SETTLED_MAX = 10_000  # settled and not on disk: then no new calls begin
SETTLED_AT_ONCE = 1000  # then a checkpoint waits for no timer
MARK_SECONDS = 10.0


class Ledger:
    """Collects effects between two checkpoints; `seal` turns them into one.

    Everything that one settlement means (a reply and the end of its delivery, a dead letter
    and the end of its retries) is put in within one turn of the event loop, so that no
    checkpoint can hold half of it.
    """

    def __init__(self) -> None:
        self.touched: dict[Lane, None] = {}
        # Idle lanes whose cursor was written only because another one was behind without:
        # nothing may ever touch them again, and their cursors would hold the log for ever.
        self._lingering: dict[Lane, None] = {}
        self.settled = 0
        self.has_moved = False  # routing went on, and should be written down
        self.is_blocking = False  # a lane could not begin a call because of SETTLED_MAX
        self.urgent = False  # replies and dead letters are waited for
        self.on_seal: Callable[[Ledger], None] | None = None  # puts in what follows from the rest
        self._clear()

    def _clear(self) -> None:
        self.parked: dict[Place, ParkedRow] = {}
        self.unparked: list[Place] = []
        self.waiting: list[WaitingRow] = []
        self.unwaiting: list[tuple[str, int]] = []
        self.dead_letters: list[DeadLetter] = []
        self.moves: list[Move] = []
        self.replies: list[Reply] = []
        self.retried: list[Retried] = []
        self.records: list[Record] = []
        self.revisions: list[Revision] = []
        self.states: list[TriggerState] = []
        self.audit: list[Audit] = []
        self.left: list[Cursor] = []  # of triggers that have no lane any more
        self.gone: list[str] = []  # whose cursor row goes: of jobs that need the log no more

    @property
    def is_empty(self) -> bool:
        return not (
            self.touched
            or self.has_moved
            or self.moves
            or self.records
            or self.revisions
            or self.states
            or self.audit
            or self.left
        )

    def touch(self, lane: "Lane") -> None:
        """`lane`'s cursor or counts have changed."""
        self.touched[lane] = None

    def seal(self, routed: int, lowest: int, now: datetime) -> Checkpoint:
        """The checkpoint of all that was put in, with each touched lane's cursor as it is now.

        `routed` is where following lanes stand. `lowest` is what may be written as routed:
        less while a lane without a cursor row of its own is still behind, and then no lane
        may lean on it.
        """
        if self.on_seal is not None:
            self.on_seal(self)
        cursors, following = self.left, self.gone
        counts: list[Counts] = []
        marks: list[Mark] = []
        if lowest == routed:
            self.touched.update(self._lingering)
            self._lingering = {}
        for lane in self.touched:
            # These carry rows only, and stand nowhere in the log.
            if lane.is_companion or lane.elsewhere or self._is_job(lane):
                continue
            if lane.is_following:
                lane.position = routed
            cursor = lane.cursor()
            if lane.is_following_idle and lowest == routed:
                if lane.has_row:
                    following.append(lane.name)
                    lane.has_row = False
            else:
                cursors.append(cursor)
                lane.has_row = True
                if lane.is_following_idle:
                    self._lingering[lane] = None
            if (delta := lane.take_counts()) is not None:
                counts.append(delta)
            if (now - lane.marked_at).total_seconds() >= MARK_SECONDS:
                marks.append(mark_of(lane, cursor.offset, now))
        checkpoint = Checkpoint(
            routed=lowest,
            marks=tuple(marks),
            cursors=tuple(cursors),
            following=tuple(following),
            parked=tuple(self.parked.values()),
            unparked=tuple(place for place in self.unparked if place not in self.parked),
            waiting=self._still_waiting(),
            unwaiting=tuple(self.unwaiting),
            dead_letters=tuple(self.dead_letters),
            moves=tuple(self.moves),
            replies=tuple(self.replies),
            records=tuple(self.records),
            revisions=tuple(self.revisions),
            states=tuple(self.states),
            counts=tuple(counts),
            retried=tuple(self.retried),
            audit=tuple(self.audit),
        )
        self.touched = {}
        self.has_moved = False
        self.settled = 0
        self.urgent = False
        self._clear()
        return checkpoint

    def _is_job(self, lane: "Lane") -> bool:
        """Whether it is a job's; then what that writes in place of counts is put in."""
        if (progress := lane.job_progress()) is None:
            return False
        record, cursor = progress
        self.records.append(record)
        if cursor is None:
            self.gone.append(lane.name)
        else:
            self.left.append(cursor)
        return True

    def _still_waiting(self) -> tuple[WaitingRow, ...]:
        """Without those that had their turn since: a checkpoint removes before it adds."""
        if not self.unwaiting:
            return tuple(self.waiting)
        gone = set(self.unwaiting)
        return tuple(row for row in self.waiting if (row.trigger, row.offset) not in gone)


def mark_of(lane: "Lane", offset: int, now: datetime) -> Mark:
    """Where `lane` stands now, with what it has delivered; noted on it."""
    lane.marked_at = now
    return Mark(lane.name, now, offset, lane.totals.matched, lane.totals.delivered)


def places_of(checkpoint: Checkpoint) -> Sequence[Place]:
    """The parked rows that `checkpoint` wrote or removed."""
    return [*checkpoint.unparked, *(row.place for row in checkpoint.parked)]
