"""What steering works on: the parts of one partition."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from broker.clock import Clock
from broker.errors import Invalid
from broker.storage.log import Log
from broker.storage.rows import Audit, Revision
from broker.telemetry import Telemetry
from triggers.caution import Caution
from triggers.durable import Durable
from triggers.enrolment import Enrolment
from triggers.failures import Failures
from triggers.lane import Lane
from triggers.ledger import Ledger
from triggers.parking import Parking
from triggers.revisions import Revisions
from triggers.roster import Roster
from triggers.router import Router

PAGE_EVENTS = 512
PAGE_BYTES_MAX = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Parts:
    """`flush` gives back when all that is in the ledger now is on disk."""

    name: str
    log: Log
    ledger: Ledger
    router: Router
    roster: Roster
    parking: Parking
    durable: Durable
    revisions: Revisions
    enrolment: Enrolment
    failures: Failures
    clock: Clock
    telemetry: Telemetry
    flush: Callable[[], Awaitable[None]]
    wake: Callable[[Lane], None]
    go_on: Callable[[Lane], None]  # it is held or paused no more
    caution: Callable[[], Caution | None]

    def lane(self, trigger: str) -> Lane | None:
        """The lane of a trigger; those of companions and of jobs are nobody's to steer."""
        lane = self.roster.lanes.get(trigger)
        is_known = self.revisions.last(trigger) is not None
        return lane if lane is not None and not lane.is_companion and is_known else None

    def known_lane(self, trigger: str) -> Lane:
        """Raises Invalid where there is none."""
        if (lane := self.lane(trigger)) is None:
            raise Invalid(
                f"broker {self.name} has no trigger {trigger}",
                code="unknown-trigger",
                remedy="name one that `headrace triggers` lists, as namespace/name",
            )
        return lane

    def revise(self, revision: Revision) -> None:
        """Write `revision` down; what it means for routing is the caller's."""
        self.revisions.add(revision)
        self.ledger.revisions.append(revision)

    def audit(self, by: str, verb: str, detail: str, count: int, reason: str) -> None:
        self.ledger.audit.append(Audit(self.clock.now(), by, verb, detail, count, reason))

    async def oldest(self) -> int:
        """The oldest offset that is kept; of an empty log the one that will be stored next."""
        page = await self.log.read(0, 1, 1)
        return page[0].offset if page else self.router.routed + 1
