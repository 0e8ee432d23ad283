"""Requests some of whose keys are known: duplicates, mistakes, or hashes that collide.

The longer way beside the intake's short one: the log is asked, by one task that ends when
there is nothing to ask, and the request judged again with what it said.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from broker.clock import Clock
from broker.dedupe import Verdict, compare, runs
from broker.errors import DuplicateDiffers, HeadraceError, InvalidBatch
from broker.event import StoredEvent
from broker.storage.log import Log
from broker.waiting import ACCEPTED, DUPLICATE, Doubt, Entry, Join, Result

if TYPE_CHECKING:
    from broker.intake import Intake

ROUNDS_MAX = 3  # how often a request is looked up: keys may move while the log is read
PAGE_BYTES_MAX = 1024 * 1024


class Findings:
    """What one look at a request found, by index in the request."""

    __slots__ = ("differing", "new", "sharing", "unknown")

    def __init__(self) -> None:
        self.new: list[int] = []
        self.differing: list[int] = []
        self.unknown: dict[int, int] = {}  # to the offset to read
        self.sharing: dict[int, Entry] = {}  # by id(): entries whose commit will answer too


class Doubts:
    """The intake's second opinion; shares its table of pending entries."""

    def __init__(
        self, intake: "Intake", log: Log, clock: Clock, pending: Mapping[bytes, Entry]
    ) -> None:
        self.window = timedelta(seconds=intake.options.dedupe_window_seconds)
        self.leap = timedelta()  # what passed before the log was opened, seen by nobody
        self._intake = intake
        self._log = log
        self._clock = clock
        self._pending = pending
        self._queue: deque[tuple[Doubt, dict[int, int]]] = deque()
        self._current: Doubt | None = None  # the one the log is being asked about
        self._reader: asyncio.Task[None] | None = None

    def judge(self, doubt: Doubt) -> None:
        """Answer `doubt`, hand what is new in it to the log, or ask the log first."""
        findings = self._look(doubt)
        if findings.differing:
            self._refuse(doubt, _differs(doubt, findings.differing))
        elif not findings.unknown:
            self._store(doubt, findings)
        elif doubt.rounds >= ROUNDS_MAX:
            self._refuse(
                doubt, self._intake.room.overloaded("its duplicates could not be told apart")
            )
        else:
            doubt.rounds += 1
            self._queue.append((doubt, findings.unknown))
            self._ask()

    def close(self) -> None:
        """Ask no more; who waits is not answered."""
        if self._reader is not None:
            self._reader.cancel()

    def sweep(self, queued_before: float) -> None:
        """Answer what has waited for the log too long; nothing of it was stored."""
        current = () if self._current is None else (self._current,)
        for doubt in (*current, *[doubt for doubt, _ in self._queue]):
            if doubt.queued_at < queued_before:
                self._refuse(doubt, self._intake.room.overloaded("the log is too slow to be asked"))
        while self._queue and self._queue[0][0].is_answered:
            self._queue.popleft()  # oldest first, so none answered is left behind

    def _look(self, doubt: Doubt) -> Findings:
        findings = Findings()
        first: dict[bytes, int] = {}  # within the request
        for index, key in enumerate(doubt.keys):
            verdict = self._verdict(doubt, index, first, findings)
            if verdict is Verdict.NEW:
                first.setdefault(key, index)
                findings.new.append(index)
            elif verdict is Verdict.DIFFERS:
                findings.differing.append(index)
        return findings

    def _verdict(
        self, doubt: Doubt, index: int, first: Mapping[bytes, int], findings: Findings
    ) -> Verdict | None:
        """None where only the log can tell; that is noted in `findings`."""
        key, event = doubt.keys[index], doubt.events[index]
        if key in first:
            return compare(doubt.events[first[key]], event)
        entry = self._pending.get(key)
        if entry is not None:
            if entry.principal != doubt.principal:
                return Verdict.NEW
            verdict = compare(entry.event_of(key), event)
            if verdict is Verdict.SAME:
                findings.sharing[id(entry)] = entry
            return verdict
        offset = self._intake.recent.find(key)
        if not offset:  # 0 is a reply's: no publisher's event
            return Verdict.NEW
        known = doubt.verdicts.get((index, offset))
        if known is None:
            findings.unknown[index] = offset
        return known

    def _store(self, doubt: Doubt, findings: Findings) -> None:
        """All is clear: append what is new, and answer when that and what it shares is stored."""
        new = [doubt.events[index] for index in findings.new]
        is_append = bool(new or doubt.records)
        result = ACCEPTED if new else DUPLICATE
        count = len(doubt.events) - len(new)

        def tell(told: Result) -> None:
            if not isinstance(told, HeadraceError):
                self._intake.counts.duplicates += count
            doubt.answer(told)

        entries = tuple(findings.sharing.values())
        join = Join(len(entries) + is_append, result, tell)
        for entry in entries:
            if entry.is_answered:  # too late to share: its publisher was told "unknown"
                join(self._intake.room.overloaded("its first copy still waits for its commit"))
            else:
                entry.follow(join)
        if is_append:
            keys = b"".join([doubt.keys[index] for index in findings.new])
            size_bytes = sum(event.size_bytes for event in new)
            self._intake.append(new, keys, join, doubt.principal, doubt.records, size_bytes)
        elif not entries:
            tell(DUPLICATE)

    def _ask(self) -> None:
        if self._reader is None:
            self._reader = asyncio.get_running_loop().create_task(self._read_all())
            self._reader.add_done_callback(self._ended)

    async def _read_all(self) -> None:
        while self._queue:
            doubt, unknown = self._queue.popleft()
            self._current = doubt
            try:
                if not doubt.is_answered:
                    await self._read(doubt, unknown)
            except HeadraceError as error:
                self._refuse(doubt, error)
            self._current = None
            if not doubt.is_answered:
                self.judge(doubt)

    async def _read(self, doubt: Doubt, unknown: Mapping[int, int]) -> None:
        """Ask the log for every offset in `unknown`, a run at a time, and note the verdicts."""
        indexes: dict[int, list[int]] = {}
        for index, offset in unknown.items():
            indexes.setdefault(offset, []).append(index)
            # Pruned meanwhile: it is stored again, for at least once is the promise.
            doubt.verdicts[index, offset] = Verdict.NEW
        for first, last in runs(list(indexes)):
            after = first - 1
            while after < last:
                page = await self._log.read(after, last - after, PAGE_BYTES_MAX)
                self._note(doubt, page, indexes)
                after = page[-1].offset if page else last

    def _note(
        self, doubt: Doubt, page: Sequence[StoredEvent], indexes: Mapping[int, list[int]]
    ) -> None:
        oldest = self._clock.now() - self.leap - self.window
        for stored in page:
            if stored.principal != doubt.principal or stored.stored_at < oldest:
                continue
            for index in indexes.get(stored.offset, ()):
                verdict = compare(stored.event, doubt.events[index])
                doubt.verdicts[index, stored.offset] = verdict

    def _refuse(self, doubt: Doubt, error: HeadraceError) -> None:
        if not doubt.is_answered:
            self._intake.refuse(error, doubt.answer)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._reader = None
        if task.cancelled():
            return
        if task.exception() is None:
            if self._queue:  # it came after the last look, and before this was called
                self._ask()
        else:
            task.get_loop().call_exception_handler(
                {"message": "asking the log about duplicates failed", "exception": task.exception()}
            )


def _differs(doubt: Doubt, indexes: Sequence[int]) -> HeadraceError:
    """The publisher's mistake, by index where there are several events."""
    if len(doubt.events) == 1:
        return _one_differs(doubt, indexes[0])
    entries = [(index, _one_differs(doubt, index)) for index in indexes]
    error = InvalidBatch("an event was sent before with other data", entries)
    error.code = DuplicateDiffers.code
    return error


def _one_differs(doubt: Doubt, index: int) -> DuplicateDiffers:
    return DuplicateDiffers(
        "an event with this source, id and type was stored with other data",
        where=doubt.events[index].id,
        remedy="give every event an id of its own, and a repeat the same data",
    )
