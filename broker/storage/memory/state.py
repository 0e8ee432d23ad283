"""What a memory partition holds, and how a commit changes it: the rules without a disk."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from broker.event import StoredEvent
from broker.storage.memory.letters import Letters
from broker.storage.record_book import RecordBook
from broker.storage.rows import (
    Audit,
    Checkpoint,
    Counts,
    Cursor,
    Mark,
    Move,
    ParkedRow,
    Place,
    Retried,
    Revision,
    TriggerState,
    WaitingRow,
)


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit with events: `bytes_end` counts all events ever stored, up to its last."""

    first_offset: int
    last_offset: int
    stored_at: datetime
    bytes_end: int
    keys: bytes


@dataclass(slots=True)
class State:
    """Everything that a commit has made durable, in the sense of a memory engine."""

    log_id: str
    owner_epoch: int = 0
    is_clean: bool = True
    routed: int = 0
    last_offset: int = 0
    pruned_to: int = 0
    bytes_end: int = 0
    pruned_bytes: int = 0
    events: list[StoredEvent] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    revisions: dict[tuple[str, int], Revision] = field(default_factory=dict)
    states: dict[str, TriggerState] = field(default_factory=dict)
    counts: dict[str, Counts] = field(default_factory=dict)
    parked: dict[Place, ParkedRow] = field(default_factory=dict)
    waiting: dict[tuple[str, int], WaitingRow] = field(default_factory=dict)
    retried: dict[Place, Retried] = field(default_factory=dict)
    marks: dict[tuple[str, int, datetime], Mark] = field(default_factory=dict)
    letters: Letters = field(default_factory=Letters)
    records: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    audit: list[Audit] = field(default_factory=list)
    unclean_ends: list[datetime] = field(default_factory=list)

    @property
    def kept_bytes(self) -> int:
        return self.bytes_end - self.pruned_bytes

    def open_book(self) -> RecordBook:
        return RecordBook(self._revision)

    def _revision(self, key: str) -> int:
        record = self.records.get(key)
        return record[1] if record else 0

    def write_records(self, book: RecordBook) -> None:
        for key, (value, revision) in book.changes.items():
            if value is None:
                self.records.pop(key, None)
            else:
                self.records[key] = (value, revision)

    def add_events(self, stored: Sequence[StoredEvent], keys: bytes) -> None:
        """One commit's events, numbered from `last_offset` + 1."""
        first, last = stored[0], stored[-1]
        self.events.extend(stored)
        self.last_offset = last.offset
        self.bytes_end += sum(event.event.size_bytes for event in stored)
        self.commits.append(Commit(first.offset, last.offset, last.stored_at, self.bytes_end, keys))

    def apply(self, checkpoint: Checkpoint) -> None:
        """All but its records and replies, in the order that the contract gives."""
        if checkpoint.routed is not None:
            self.routed = checkpoint.routed
        redriven = self._move(checkpoint.moves)
        for place in checkpoint.unparked:
            self.parked.pop(place, None)
        for key in checkpoint.unwaiting:
            self.waiting.pop(key, None)
        for parked in (*checkpoint.parked, *redriven):
            self.parked[parked.place] = parked
        for row in checkpoint.waiting:
            self.waiting[row.trigger, row.offset] = row
        for letter in checkpoint.dead_letters:
            self.letters.put(letter)
        self.cursors.update((cursor.trigger, cursor) for cursor in checkpoint.cursors)
        for trigger in checkpoint.following:
            self.cursors.pop(trigger, None)
        self._apply_rest(checkpoint)

    def _apply_rest(self, checkpoint: Checkpoint) -> None:
        for counts in checkpoint.counts:
            self._count(counts)
        for revision in checkpoint.revisions:
            self.revisions[revision.trigger, revision.number] = revision
        self.states.update((state.trigger, state) for state in checkpoint.states)
        for mark in checkpoint.marks:
            self.marks[mark.trigger, mark.offset, mark.at] = mark
        self.retried.update((row.place, row) for row in checkpoint.retried)
        self.audit.extend(checkpoint.audit)

    def clamp_parked(self, now: datetime) -> None:
        """At open: a clock that went back makes no delivery wait longer than was chosen for it."""
        for place, row in self.parked.items():
            latest = now + timedelta(seconds=row.wait_seconds)
            if row.due_at > latest:
                self.parked[place] = replace(row, due_at=latest)

    def _move(self, moves: Sequence[Move]) -> list[ParkedRow]:
        return [
            move.parked for move in moves if self.letters.move(move) and move.parked is not None
        ]

    def _count(self, more: Counts) -> None:
        now = self.counts.get(more.trigger, Counts(more.trigger))
        self.counts[more.trigger] = replace(
            now,
            matched=now.matched + more.matched,
            delivered=now.delivered + more.delivered,
            dead=now.dead + more.dead,
            discarded=now.discarded + more.discarded,
            redelivered=now.redelivered + more.redelivered,
        )

    def prune(self, up_to: int, limit: int) -> int:
        end = min(up_to, self.pruned_to + limit, self.last_offset)
        count = max(0, end - self.pruned_to)
        if not count:
            return 0
        self.pruned_bytes += sum(event.event.size_bytes for event in self.events[:count])
        del self.events[:count]
        gone = bisect_left(self.commits, end + 1, key=lambda commit: commit.last_offset)
        del self.commits[: min(gone, len(self.commits) - 1)]
        self.retried = {k: row for k, row in self.retried.items() if k.offset > end}
        self.marks = {k: mark for k, mark in self.marks.items() if mark.offset > end}
        self.pruned_to = end
        return count
