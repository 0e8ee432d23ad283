"""PingSource: waits for the next slot, and stores its event together with how far it has come."""

import asyncio
from datetime import datetime, timedelta
from itertools import islice

from broker.errors import Invalid
from sources.ping.events import batches, slot_event
from sources.ping.mark import KEY, Mark, begin_mark, clock_behind, decode_mark, to_text
from sources.ping.options import PingOptions
from sources.ping.slots import COUNTED_MAX, MISSED_MAX, Due, due_slots, slots_of
from sources.source import Outlet, SourceSupplies
from sources.spec import SourceSpec

SLICE_SECONDS = 10.0  # of a wait: the clock is asked again, should it not agree with the loop's
LATE_SECONDS = 10.0  # a slot that is at most so old while we run is late, and not missed
BEHIND_NOTICED = timedelta(minutes=1)
BEHIND_MAX = timedelta(days=1)  # then somebody has to look: the clock was wrong, or is now


class PingSource:
    """A slot fires once: its event and the mark that it is done are one commit.

    The mark only ever rises. A clock that was set back waits until it has passed it: said once
    in the log; by more than a day it is an error with a remedy, until it is mended.
    Slots that passed while no process ran, or while the broker took nothing for longer than
    LATE_SECONDS, were missed; `catch_up` says what becomes of them.
    """

    def __init__(self, spec: SourceSpec, supplies: SourceSupplies) -> None:
        self._spec = spec
        self._options: PingOptions = spec.options
        self._clock = supplies.clock
        self._chance = supplies.chance

    async def run(self, outlet: Outlet) -> None:
        mark = await self._begin(outlet)
        slots = slots_of(self._options.schedule, mark.anchor)
        outlet.standing.connect(self._options.schedule.shown)
        late_seconds = 0.0  # what passed before this start was missed, however recently
        while True:
            now = self._clock.now()
            due = due_slots(slots, mark.reached, now, self._options.catch_up, late_seconds)
            mark = await self._fire(outlet, due, mark)
            late_seconds = LATE_SECONDS + self._options.jitter_seconds
            await self._wait(outlet, next(slots.after(mark.reached), None), mark)

    async def check(self) -> str:
        now = self._clock.now()
        coming = islice(slots_of(self._options.schedule, now).after(now), 3)
        return f"next slots: {', '.join(map(to_text, coming))}"

    async def _begin(self, outlet: Outlet) -> Mark:
        """The stored mark; a new one is stored at once, so that slots count from this start."""
        now = self._clock.now()
        value = await outlet.record(KEY)
        stored = None if value is None else decode_mark(value)
        mark = begin_mark(stored, self._options.schedule.identity, now)
        self._judge_clock(outlet, mark, now)
        if mark is not stored:
            await outlet.publish([], {KEY: mark.encode()})
        return mark

    def _judge_clock(self, outlet: Outlet, mark: Mark, now: datetime) -> None:
        behind = clock_behind(mark, now)
        reached = to_text(mark.reached)
        if behind > BEHIND_MAX:
            raise Invalid(
                f"the clock says {to_text(now)}, and slots up to {reached} have been fired",
                code="clock-behind",
                where=self._spec.name,
                remedy="set the clock and restart; if it is right and was wrong before, give this "
                "source another name, which counts from now",
            )
        if behind > BEHIND_NOTICED:
            outlet.standing.notice(
                f"the clock is {behind} behind the last slot: none is fired before {reached}; "
                "set the clock, or give the source another name, which counts from now"
            )

    async def _fire(self, outlet: Outlet, due: Due, mark: Mark) -> Mark:
        """Store the events of `due`; gives the mark that was stored with the last of them."""
        if due.newest is None:
            return mark
        if due.left_out:
            more = "more than " if due.left_out >= COUNTED_MAX else ""
            outlet.standing.notice(
                f"{more}{due.left_out} missed slots are left out, the oldest ones: at most "
                f"{MISSED_MAX} are caught up with"
            )
        outlet.standing.lag = len(due.fire)
        for batch in batches(due.fire, self._options.data):
            mark = await self._store(outlet, batch, mark, batch[-1])
            outlet.standing.lag -= len(batch)
        if mark.reached != due.newest:
            mark = await self._store(outlet, (), mark, due.newest)
        return mark

    async def _store(
        self, outlet: Outlet, slots: tuple[datetime, ...], mark: Mark, reached: datetime
    ) -> Mark:
        options = self._options
        events = [
            slot_event(self._spec.name, slot, options.data, options.content_type) for slot in slots
        ]
        mark = Mark(reached, mark.anchor, mark.identity)
        await outlet.publish(events, {KEY: mark.encode()})
        return mark

    async def _wait(self, outlet: Outlet, slot: datetime | None, mark: Mark) -> None:
        """Until `slot` and its jitter have come; for ever where there is none."""
        outlet.standing.lag = 0
        told = "never" if slot is None else to_text(slot)
        outlet.standing.position = f"up to {to_text(mark.reached)}, next {told}"
        delay = timedelta(seconds=self._chance() * self._options.jitter_seconds)
        while slot is None or (wait := slot + delay - self._clock.now()) > timedelta():
            seconds = SLICE_SECONDS if slot is None else wait.total_seconds()
            await asyncio.sleep(min(seconds, SLICE_SECONDS))
