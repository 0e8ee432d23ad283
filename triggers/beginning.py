"""The beginning of a partition's triggers at a start: each goes on where it stood."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from broker.storage.rows import Cursor, Loaded
from broker.telemetry import Telemetry
from triggers.enrolment import Enrolment, Wired
from triggers.ledger import Ledger
from triggers.leftover import Leftover, leftovers
from triggers.revisions import Revisions
from triggers.roster import Roster
from triggers.standing import removed


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is written by it goes into the ledger; the caller flushes it before routing."""

    loaded: Loaded
    revisions: Revisions
    enrolment: Enrolment
    roster: Roster
    ledger: Ledger
    telemetry: Telemetry

    async def enrol(self, wired: Sequence[Wired], removing: Sequence[Wired], now: datetime) -> None:
        """Give every trigger its lane, also those that only finish what they have."""
        for one in wired:
            start_offset = await self.enrolment.start_offset(one.spec)
            self.roster.add(self.enrolment.enrol(one, start_offset))
        for one in removing:
            self.roster.add(self.enrolment.enrol_removing(one))
        named = {one.spec.name for one in (*wired, *removing)}
        for leftover in leftovers(self.loaded, self.revisions, named):
            self._leave_behind(leftover, now)

    def _leave_behind(self, leftover: Leftover, now: datetime) -> None:
        """One with nothing open ends here. One with a backlog whose sink cannot be made
        keeps its place, and what it needs in the log, until it is configured again.
        """
        name = leftover.name
        self.telemetry.emit("trigger.left", trigger=name, has_backlog=leftover.is_open)
        if not leftover.is_open:
            stored = self.revisions.of(name)
            end = removed(name, stored, self.loaded.last_offset, now)
            assert end is not None, "it would have ended before"
            self.revisions.add(end)
            self.ledger.revisions.append(end)
        elif name not in self.loaded.cursors:
            # No lane holds routing back for it: what it leaned on will be written farther.
            cursor = Cursor(name, self.loaded.routed)
            self.ledger.left.append(cursor)
            self.enrolment.keep_place(cursor)
