"""Announce: put events about headrace into the broker's own log, so many a minute.

An event and the records that say that it was told are one commit, so that none is told twice
or never. What triggers do with them is their matter: an alarm is a trigger.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from broker.clock import Clock
from broker.errors import Conflict, HeadraceError, Unavailable
from broker.event import Event
from broker.storage.rows import Record
from broker.waiting import Done, Result
from triggers.groups.events import omitted_event

PRINCIPAL = "headrace"
EVENTS_A_MINUTE = 60  # beyond: counted, and told as a number when the minute is over
MINUTE_SECONDS = 60.0


class Door(Protocol):
    """What is asked of an intake; see `broker.intake.Intake.accept`."""

    def accept(
        self,
        events: Sequence[Event],
        done: Done,
        principal: str = ...,
        records: Sequence[Record] = ...,
        is_system: bool = ...,
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Announcing:
    """What a partition is given to announce by: where to, and what it may forget when.

    `expiring_before` gives the moment before which a dead letter is forgotten within a day,
    None where none ever is.
    """

    door: Door
    expiring_before: Callable[[], datetime | None]


class Announcer:
    """Of one broker. `omitted` are those that were too many since `since`."""

    def __init__(self, broker: str, door: Door, clock: Clock) -> None:
        self._broker = broker
        self._door = door
        self._clock = clock
        self._began_seconds = clock.monotonic()
        self.since: datetime = clock.now()
        self._told = 0
        self.omitted = 0

    async def tell(self, event: Event | None, records: Sequence[Record] = ()) -> bool:
        """Store `event` and `records`, both or neither; False: not now, so ask again.

        True also where `event` is left out, because there were too many this minute.
        Without `event` only the records are stored.
        """
        await self._begin_minute()
        is_too_many = event is not None and self._told >= EVENTS_A_MINUTE
        events = [] if event is None or is_too_many else [event]
        error = await self._store(events, records)
        if isinstance(error, Unavailable):
            return False
        if error is not None:  # stored before with another count, or it never can be
            is_too_many = not isinstance(error, Conflict)
            if isinstance(await self._store([], records), Unavailable):
                return False
        self._told += len(events)
        self.omitted += is_too_many
        return True

    async def tell_omitted(self) -> None:
        """Once the minute is over: how many were left out."""
        await self._begin_minute()

    async def _begin_minute(self) -> None:
        now_seconds = self._clock.monotonic()
        if now_seconds - self._began_seconds < MINUTE_SECONDS:
            return
        if self.omitted:
            event = omitted_event(self._broker, self.omitted, self.since, self._clock.now())
            if isinstance(await self._store([event], ()), Unavailable):
                return
        self._began_seconds, self.since = now_seconds, self._clock.now()
        self.omitted = self._told = 0

    async def _store(
        self, events: Sequence[Event], records: Sequence[Record]
    ) -> HeadraceError | None:
        if not events and not records:
            return None
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

        def done(result: Result) -> None:
            if not answer.done():  # cancelled meanwhile: it may be stored all the same
                answer.set_result(result)

        self._door.accept(events, done, PRINCIPAL, records, True)
        result = await answer
        return result if isinstance(result, HeadraceError) else None
