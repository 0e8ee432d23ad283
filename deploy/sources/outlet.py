"""The outlet of one source: its door into the broker, and its records below a key of its own."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from broker.admission import check_type
from broker.clock import Clock
from broker.codec import with_attributes
from broker.codec.limits import check_size
from broker.errors import HeadraceError, Invalid, InvalidBatch, Unavailable
from broker.event import Event
from broker.intake_options import IntakeOptions
from broker.storage.records import Records as RecordBook
from broker.storage.rows import Record
from broker.waiting import Accepted, Result
from sources.refused import RefusedEvent, refused_instead
from sources.source import NO_RECORDS, Offered, PlaceOf, Records
from sources.spec import SourceSpec
from sources.standing import Standing

WAIT_SECONDS_MAX = 5.0  # between two tries while the broker takes nothing
WAIT_SECONDS_MIN = 0.05
RECORDS_PREFIX = "source/"


class Door(Protocol):
    """What is asked of an intake; see `broker.intake.Intake.accept`."""

    options: IntakeOptions

    def accept(
        self,
        events: Sequence[Event],
        done: Callable[[Result], None],
        principal: str = ...,
        records: Sequence[Record] = ...,
        is_system: bool = ...,
    ) -> None: ...


class Counts:
    """What went through an outlet since the process started."""

    __slots__ = ("duplicates", "events", "last_at", "refused")

    def __init__(self) -> None:
        self.events = 0
        self.refused = 0
        self.duplicates = 0
        self.last_at: datetime | None = None


class SourceOutlet:
    """Implements `sources.source.Outlet` over an intake and a record book."""

    def __init__(
        self,
        spec: SourceSpec,
        door: Door,
        records: RecordBook,
        standing: Standing,
        clock: Clock,
        chance: Callable[[], float],
        counts: Counts | None = None,
    ) -> None:
        self.standing = standing
        self.counts = counts or Counts()
        self._spec = spec
        self._door = door
        self._records = records
        self._clock = clock
        self._chance = chance
        self._prefix = prefix_of(spec)
        self._principal = f"source {spec.name}"

    async def publish(
        self,
        events: Sequence[Event],
        records: Records = NO_RECORDS,
        place_of: PlaceOf | None = None,
    ) -> None:
        wanted = [self._overridden(event) for event in events]
        rows = self._rows(records)
        tries = 0
        while True:
            error = self._fault_of(wanted) or (await self._try(wanted, rows)).error
            if error is None:
                return
            if isinstance(error, Unavailable):
                tries += 1
                await asyncio.sleep(wait_seconds(error, tries, self._chance()))
            else:
                wanted = self._replaced(wanted, error, place_of)

    def offer(self, events: Sequence[Event], done: Offered, records: Records = NO_RECORDS) -> None:
        overridden = [self._overridden(event) for event in events]
        error = self._fault_of(overridden)
        if error is not None:
            done(error, False)
            return

        def tell(result: Result) -> None:
            tried = self._counted(result, overridden)
            done(tried.error, tried.is_duplicate)

        self._door.accept(overridden, tell, self._principal, self._rows(records), True)

    async def record(self, key: str) -> bytes | None:
        found = await self._records.get(self._prefix + key)
        return None if found is None else found[0]

    async def scan(
        self, prefix: str = "", after: str = "", limit: int = 1000
    ) -> Sequence[tuple[str, bytes]]:
        own = self._prefix
        rows = await self._records.scan(own + prefix, own + after if after else "", limit)
        return [(key.removeprefix(own), value) for key, value, _ in rows]

    def _rows(self, records: Records) -> Sequence[Record]:
        return [Record(self._prefix + key, value) for key, value in records.items()]

    def _fault_of(self, events: Sequence[Event]) -> HeadraceError | None:
        """What the ingress would have refused: events too large, or that only headrace makes."""
        limits = self._door.options.limits
        faults: list[tuple[int, HeadraceError]] = []
        for index, event in enumerate(events):
            if isinstance(event, RefusedEvent):
                continue
            try:
                check_size(len(event.data or b""), limits.event_bytes, "event")
                check_type(event)
            except Invalid as error:
                faults.append((index, error))
        if faults and len(events) == 1:
            return faults[0][1]
        return InvalidBatch(f"{len(faults)} of {len(events)} events", faults) if faults else None

    def _overridden(self, event: Event) -> Event:
        extensions = self._spec.extensions
        if not extensions or isinstance(event, RefusedEvent):
            return event
        return with_attributes(event, extensions)

    async def _try(self, events: Sequence[Event], rows: Sequence[Record]) -> "Tried":
        answer: asyncio.Future[Tried] = asyncio.get_running_loop().create_future()

        def tell(result: Result) -> None:
            tried = self._counted(result, events)
            if not answer.done():  # cancelled meanwhile: it is stored all the same
                answer.set_result(tried)

        self._door.accept(events, tell, self._principal, rows, True)
        return await answer

    def _counted(self, result: Result, events: Sequence[Event]) -> "Tried":
        if isinstance(result, Accepted):
            count = len(events)
            if result.is_duplicate:
                self.counts.duplicates += count
            elif count:
                self.counts.events += count
                # Here, and not where they are made: kinds make some themselves.
                self.counts.refused += sum(isinstance(event, RefusedEvent) for event in events)
                self.counts.last_at = self._clock.now()
            return Tried(None, result.is_duplicate)
        return Tried(result)

    def _replaced(
        self, events: Sequence[Event], error: HeadraceError, place_of: PlaceOf | None
    ) -> list[Event]:
        """`events` with those that can never be stored told about instead.

        Raises `error` where it is about one of those already: they are our own, and fit.
        """
        faults = dict(error.entries) if isinstance(error, InvalidBatch) else {0: error}
        if any(isinstance(events[index], RefusedEvent) for index in faults):
            raise error
        now = self._clock.now()
        replaced = list(events)
        for index, fault in faults.items():
            place = None if place_of is None else place_of(index)
            replaced[index] = refused_instead(self._spec, events[index], fault, now, place)
        return replaced


class Tried(NamedTuple):
    """What came of one try; `error` None: stored."""

    error: HeadraceError | None
    is_duplicate: bool = False


def prefix_of(spec: SourceSpec) -> str:
    """What the keys of a source's records begin with: another kind would not understand them."""
    return f"{RECORDS_PREFIX}{spec.kind}/{spec.name}/"


def wait_seconds(error: Unavailable, tries: int, chance: float) -> float:
    """How long to wait after the `tries`th refusal in a row: growing, jittered, capped."""
    wanted = min(WAIT_SECONDS_MAX, WAIT_SECONDS_MIN * 2.0 ** min(tries, 16))
    if error.retry_after_seconds is not None:
        wanted = min(WAIT_SECONDS_MAX, max(wanted, error.retry_after_seconds))
    return wanted * (0.5 + chance / 2)
