"""Settle: carry out what the policy decided, in memory; the ledger makes it durable.

Each delivery's effects go into the ledger within one turn of the event loop: the end of a
delivery and its reply, the end of the retries and the dead letter.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from broker.clock import Clock
from broker.delivery import Delivered, Failed, Outcome, OutcomeClass, Reason
from broker.event import Cause, Event
from broker.hops import hops_of
from broker.storage.rows import ParkedRow, Reply, Retried
from triggers.carriage import Carriage
from triggers.edits import delivered
from triggers.failures import Failures
from triggers.lane import Lane
from triggers.ledger import SETTLED_AT_ONCE, Ledger

OnReply = Callable[[Carriage, Reply], Reply]


class ReplyDoor(Protocol):
    """Intake as replies see it."""

    def admit_reply(
        self,
        event: Event,
        cause: Cause,
        delivery_id: str,
        hops_of_cause: int,
        is_record: bool = False,
    ) -> Reply | Reason | None:
        """The reply as it will be stored, or why it may not be (`hops`, `too_large`).

        None: this delivery's reply is stored already, and the first one counts. `is_record`: it
        tells of a record of a file, and must not push publishers' keys out of memory.
        """
        ...

    def replies_stored(self, replies: Sequence[Reply]) -> None:
        """The checkpoint with these replies is on disk."""
        ...


class Settler:
    """Settles the calls of one partition's lanes."""

    def __init__(
        self,
        ledger: Ledger,
        door: ReplyDoor,
        clock: Clock,
        failures: Failures,
        on_settled: Callable[[], None],
    ) -> None:
        self._ledger = ledger
        self._door = door
        self._clock = clock
        self._failures = failures
        self._on_settled = on_settled
        self.on_reply: OnReply | None = None  # only while somebody traces

    def settle(
        self, lane: Lane, carriage: Carriage, outcome: Outcome, duration_seconds: float
    ) -> None:
        """Settle and count one delivery; after all of a call, say so by `settled`."""
        if isinstance(outcome, Failed):
            self._failed(lane, carriage, outcome, duration_seconds)
            return
        lane.counts.ok += 1
        if outcome.ignored_body:
            lane.counts.ignored_bodies += 1
        if outcome.reply is None and carriage.row is None and carriage.order_key is None:
            lane.leave(carriage, delivered=True)
        else:
            self._delivered(lane, carriage, outcome, duration_seconds)

    def settle_usual(self, lane: Lane, carriage: Carriage, delivered: Delivered) -> None:
        """`settle` and `settled` of a call of one, delivered without reply, row or order."""
        lane.counts.ok += 1
        if delivered.ignored_body:
            lane.counts.ignored_bodies += 1
        lane.leave_usual(carriage.offset)
        ledger = self._ledger
        ledger.settled = settled = ledger.settled + 1
        if settled == 1 or settled >= SETTLED_AT_ONCE:  # between these its timer is armed
            self._on_settled()

    def settled(self, deliveries: int) -> None:
        """So many more are in the ledger."""
        self._ledger.settled += deliveries
        self._on_settled()

    def _failed(
        self, lane: Lane, carriage: Carriage, failed: Failed, duration_seconds: float
    ) -> None:
        if failed.parked_seconds is None:  # else it only waits for what it has begun
            name = failed.outcome_class.value
            lane.counts.by_class[name] = lane.counts.by_class.get(name, 0) + 1
        self._failures.fail(lane, carriage, failed, duration_seconds)

    def _delivered(
        self, lane: Lane, carriage: Carriage, outcome: Delivered, duration_seconds: float
    ) -> None:
        if outcome.reply is not None and not lane.is_companion:
            admitted = self._admit(lane, carriage, outcome.reply)
            if isinstance(admitted, Reason):
                lane.counts.ok -= 1  # one attempt has one class
                self._failed(lane, carriage, refused_reply(outcome, admitted), duration_seconds)
                return
            if admitted is not None:
                if self.on_reply is not None:
                    admitted = self.on_reply(carriage, admitted)
                self._ledger.replies.append(admitted)
                self._ledger.urgent = True
                lane.counts.replies += 1
        self._failures.drop_row(lane, carriage)
        if lane.is_companion:
            self._failures.forwarded(carriage)
        elif carriage.row is not None:
            self._close_row(carriage.row, lane.elsewhere)
        lane.leave(carriage, delivered=True)
        self._failures.release(lane, carriage)

    def _admit(self, lane: Lane, carriage: Carriage, reply: Event) -> Reply | Reason | None:
        cause = Cause(carriage.offset, carriage.trigger)
        return self._door.admit_reply(reply, cause, carriage.id, hops_of(carriage.event))

    def _close_row(self, row: ParkedRow, elsewhere: str) -> None:
        """Keep the evidence of retries that ended well; tell the desk where it waits for news."""
        now = self._clock.now()
        if row.attempts:
            self._ledger.retried.append(Retried(row.place, now, row.attempts))
        if row.redrives:
            move, record = delivered(row, now, elsewhere)
            self._ledger.moves.append(move)
            self._ledger.records += [] if record is None else [record]


def refused_reply(delivered: Delivered, reason: Reason) -> Failed:
    """The sink took the event, but its reply may not enter the log."""
    what = {
        Reason.HOPS: "the reply has made more hops than maxHops allows",
        Reason.TOO_LARGE: "the reply is larger than maxEventBytes",
    }.get(reason, f"the reply was refused: {reason.value}")
    return Failed(OutcomeClass.BAD_INPUT, what, status=delivered.status, reason=reason)
