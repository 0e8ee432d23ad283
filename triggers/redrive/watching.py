"""Watching: what becomes of the dead letters of redrive jobs, told by the ledger's seals.

Whatever ends a delivery is put into the ledger; before that is sealed, the job's record is put
in beside it. So a tally is exact whenever the process ends: it is written with what it counts.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

import orjson

from broker.storage.rows import DeadState, Record
from triggers.fingerprint import dead_letter_id
from triggers.ledger import Ledger
from triggers.redrive.advancing import delivered, ended, failed_again, taken_away, tried
from triggers.redrive.failed import KEPT_MAX, PAGE, Failed, page_key
from triggers.redrive.job import PREFIX, RedriveJob, encode


class Watching:
    """`jobs` are those that have not ended, or whose end is not on disk yet."""

    def __init__(self, now: Callable[[], datetime], nudge: Callable[[], None]) -> None:
        self._now = now
        self._nudge = nudge  # lets the ledger be sealed, though nothing else may be in it
        self.on_change: Callable[[], None] = lambda: None  # a job goes on
        self.jobs: dict[str, RedriveJob] = {}
        self._job_of: dict[str, str] = {}  # by dead letter
        self._failed: dict[str, list[Failed]] = {}  # by job: its last page
        self._unfilled: dict[str, int] = {}  # by job: the number of its last page, not written yet
        self._touched: dict[str, None] = {}
        self._busy: set[str] = set()
        self.delivered = self.failed_again = 0  # of all jobs, since start; for metrics

    def watch(self, job: RedriveJob, failed: Iterable[Failed] = ()) -> None:
        """From now on; `failed` is the last page of what failed again, if it is not full."""
        self._failed[job.id] = list(failed)
        self.put(job)

    def put(self, job: RedriveJob) -> None:
        """`job` has gone on by something that no seal tells; written with the next one."""
        self.jobs[job.id] = job
        for letter in job.waiting:
            self._job_of[letter] = job.id
        self._touched[job.id] = None
        self._nudge()

    @contextmanager
    def busy(self, name: str) -> Iterator[None]:
        """A job that does not end meanwhile, though nothing of it is under way in any lane."""
        self._busy.add(name)
        try:
            yield
        finally:
            self._busy.discard(name)
            if (job := self.jobs.get(name)) is not None:
                self.put(job)

    def forget(self, job: RedriveJob) -> None:
        self.jobs.pop(job.id, None)
        self._failed.pop(job.id, None)

    def leave(self, letter: str) -> None:
        """It is not under way any more."""
        self._job_of.pop(letter, None)

    def sealing(self, ledger: Ledger) -> None:
        """Put into `ledger` what its effects mean for the jobs."""
        self.read(ledger)
        for name, number in self._unfilled.items():
            page = orjson.dumps(self._failed[name])
            ledger.records.append(Record(page_key(name, number), page))
        self._unfilled = {}
        for name in self._touched:
            if (job := self.jobs.get(name)) is None:
                continue
            if name not in self._busy:
                job = self.jobs[name] = ended(job, self._now())
            ledger.records.append(Record(PREFIX + name, encode(job)))
        if self._touched:
            self._touched = {}
            self.on_change()

    def read(self, ledger: Ledger) -> None:
        """Let the jobs know what its effects mean for them; what they know already adds nothing."""
        if not self._job_of:
            return
        for row in ledger.parked.values():
            # An attempt that only waits for what it has begun keeps its number.
            if row.redrives and row.attempt > row.attempts_before + 1:
                self._advance(dead_letter_id(row.delivery_id), tried)
        for letter in ledger.dead_letters:
            if letter.redrives and (job := self._end(letter.id)) is not None:
                self.failed_again += 1
                self._keep_failed(job, letter.id, letter.group, ledger)
                self.jobs[job.id] = failed_again(self.jobs[job.id], letter.id, letter.group)
        well: dict[str, list[str]] = {}  # by job
        for move in ledger.moves:
            if move.to_state is None or move.to_state is DeadState.REDRIVING:
                continue
            if (job := self._end(move.id)) is None:
                continue
            if move.to_state is DeadState.DELIVERED:
                well.setdefault(job.id, []).append(move.id)
            else:
                self.jobs[job.id] = taken_away(job, move.id)
        for name, letters in well.items():
            self.delivered += len(letters)
            self.jobs[name] = delivered(self.jobs[name], *letters)

    def _advance(self, letter: str, how: Callable[[RedriveJob, str], RedriveJob]) -> None:
        name = self._job_of.get(letter, "")
        if (job := self.jobs.get(name)) is not None:
            self.jobs[name] = how(job, letter)
            self._touched[name] = None

    def _end(self, letter: str) -> RedriveJob | None:
        """The job for which `letter` is over."""
        name = self._job_of.pop(letter, "")
        if (job := self.jobs.get(name)) is not None:
            self._touched[name] = None
        return job

    def _keep_failed(self, job: RedriveJob, letter: str, group: str, ledger: Ledger) -> None:
        number = job.tally.failed_again
        if number >= KEPT_MAX:
            return
        page = self._failed[job.id]
        if number % PAGE == 0:
            page.clear()
        page.append((letter, group))
        if len(page) == PAGE:
            ledger.records.append(Record(page_key(job.id, number // PAGE), orjson.dumps(page)))
            self._unfilled.pop(job.id, None)
        else:  # written once, however many come into it before the ledger is sealed
            self._unfilled[job.id] = number // PAGE
