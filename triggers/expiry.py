"""Expiry: what has waited for a model for longer than its `maxHold` is given up.

One task for a partition, without work while no model is away. Since when a model is away is a
record, so that a restart does not begin to count anew.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta

from broker.clock import EPOCH, Clock, from_milliseconds, to_milliseconds
from broker.delivery import Failed, OutcomeClass, Reason
from broker.event import StoredEvent
from broker.storage.rows import Record
from sinks.target import TargetState
from sinks.target_model import ModelTarget
from triggers.carriage import Carriage
from triggers.failures import Failures
from triggers.lane import Lane
from triggers.ledger import Ledger

PREFIX = "away/"  # of a record: away/TARGET, its value the time in milliseconds since 1970
RECORDS_MAX = 10_000
LOOK_SECONDS = 5.0
AWAY = (TargetState.HOLDING, TargetState.WAKING)


class Expiry:
    """Of the lanes that `lanes` gives, those of replays among them.

    `has_room(lane)` is told after some of a lane were given up.
    """

    def __init__(
        self,
        lanes: Callable[[], Iterable[Lane]],
        ledger: Ledger,
        failures: Failures,
        clock: Clock,
        settled: Callable[[int], None],
        has_room: Callable[[Lane], None],
    ) -> None:
        self._lanes = lanes
        self._ledger = ledger
        self._failures = failures
        self._clock = clock
        self._settled = settled
        self._has_room = has_room
        self._written: dict[str, datetime] = {}  # as the records say

    def load(self, records: Sequence[tuple[str, bytes, int]]) -> None:
        """What an earlier process wrote: since when which targets have been away."""
        self._written = {key: from_milliseconds(int(value)) for key, value, _ in records}
        for target in self._targets():
            if (since := self._written.get(PREFIX + target.name)) is not None:
                passed_seconds = (self._clock.now() - since).total_seconds()
                target.restore(self._clock.monotonic() - max(0.0, passed_seconds))

    async def run(self) -> None:
        """Look now and then until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Give up what has waited for too long, and note who is away."""
        now = self._clock.now()
        targets = self._targets()
        for target in targets:
            self._note(target, now)
        self._forget({PREFIX + target.name for target in targets})
        for lane in list(self._lanes()):
            if isinstance(lane.target, ModelTarget) and not lane.is_stopped:
                self._look_at(lane, lane.target, now)

    def _targets(self) -> set[ModelTarget]:
        found = {lane.target for lane in self._lanes()}
        return {target for target in found if isinstance(target, ModelTarget)}

    def _since(self, target: ModelTarget, now: datetime) -> datetime | None:
        """Since when `target` has been away; the clock may have been set meanwhile."""
        if target.away_since is None:
            return None
        away_seconds = self._clock.monotonic() - target.away_since
        return now - timedelta(seconds=away_seconds)

    def _note(self, target: ModelTarget, now: datetime) -> None:
        key, since = PREFIX + target.name, self._since(target, now)
        if since is None:
            self._forget_one(key)
        elif key not in self._written:
            self._written[key] = since
            self._put(Record(key, str(to_milliseconds(since)).encode()))

    def _forget(self, known: Collection[str]) -> None:
        """Of targets that no trigger has any more."""
        for key in [key for key in self._written if key not in known]:
            self._forget_one(key)

    def _forget_one(self, key: str) -> None:
        if self._written.pop(key, None) is not None:
            self._put(Record(key, None))

    def _put(self, record: Record) -> None:
        self._ledger.records.append(record)
        self._settled(0)

    def _look_at(self, lane: Lane, target: ModelTarget, now: datetime) -> None:
        since, max_hold = self._since(target, now), target.spec.hold.max_hold_seconds
        if since is None or target.state not in AWAY or lane.holds:
            return
        if (now - since).total_seconds() < max_hold:
            return
        before = now - timedelta(seconds=max_hold)
        failed = Failed(
            OutcomeClass.NOT_READY,
            f"the model was away for longer than maxHold, {max_hold:g} s",
        )
        expired = self._expired(lane, before)
        for carriage in expired:
            self._failures.give_up(lane, lane.own(carriage), failed, Reason.NOT_READY)
        if expired:
            self._settled(len(expired))
            self._has_room(lane)

    @staticmethod
    def _expired(lane: Lane, before: datetime) -> list[Carriage]:
        """Take what has waited since before then out of the lane's memory."""
        if lane.asked_at > before:
            return []
        expired: list[Carriage] = []
        for line in (lane.held, lane.retries, lane.redriven.waiting, lane.released):
            old = [one for one in line if came_at(one) <= before]
            expired += old
            kept = [one for one in line if came_at(one) > before]
            line.clear()
            line.extend(kept)
        while lane.queue and _is_old(lane.queue[0], before):
            expired.append(lane.take_fresh(oldest=True))
        return expired


def came_at(carriage: Carriage) -> datetime:
    """When it last began to wait for its sink: it was stored, redriven, or due again."""
    row = carriage.row
    return max(row.due_at if row is not None else EPOCH, carriage.stored_at)


def _is_old(stored: StoredEvent, before: datetime) -> bool:
    return stored.stored_at <= before
