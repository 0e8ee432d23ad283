"""The one place where sightings of all intakes become events: in turn, each with its record."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from broker.clock import Clock
from broker.event import Event
from sources.s3.events import event_of
from sources.s3.history import History, Verdict, decode, encode, judge, told_of
from sources.s3.record_keys import RecordKeys
from sources.s3.sighting import Sighting
from sources.s3.wanted import Wanted
from sources.source import BATCH_BYTES_MAX, BATCH_EVENTS_MAX, Outlet
from sources.spec import SourceSpec

RECORDS_MAX = 1_000  # of one commit
TOUCHED_MAX = 100_000


class Touched:
    """The keys that notifications told of since a moment; beyond the bound: all keys."""

    def __init__(self) -> None:
        self.is_full = False
        self._keys: set[str] = set()

    def add(self, key: str) -> None:
        if len(self._keys) < TOUCHED_MAX:
            self._keys.add(key)
        else:
            self.is_full = True

    def __contains__(self, key: str) -> bool:
        return self.is_full or key in self._keys


class Turn:
    """What one intake tells while no other does; published by `relieve` and at the end."""

    def __init__(self, spec: SourceSpec, outlet: Outlet, clock: Clock, wanted: Wanted) -> None:
        self.is_news = False  # whether any event was told in it
        self._spec = spec
        self._outlet = outlet
        self._clock = clock
        self._wanted = wanted
        self._events: list[Event] = []
        self._records: dict[str, bytes | None] = {}
        self._bytes = 0

    def keep(self, record_key: str, value: bytes | None) -> None:
        self._records[record_key] = value

    def add(self, record_key: str, verdict: Verdict, see: Callable[[], Sighting]) -> None:
        """Take a verdict on; `see` is asked for the sighting only where it is news."""
        if verdict.history is not None:
            self._records[record_key] = encode(verdict.history)
        if verdict.is_news:
            seen = see()
            if self._wanted.is_kind(seen.kind):
                event = event_of(self._spec, seen, self._clock.now())
                self._events.append(event)
                self._bytes += event.size_bytes
                self.is_news = True

    async def relieve(self, bytes_ahead: int = 0) -> None:
        """Publish if there is no room for one more, of some `bytes_ahead`."""
        if (
            len(self._events) >= BATCH_EVENTS_MAX
            or len(self._records) >= RECORDS_MAX
            or (self._events and self._bytes + bytes_ahead > BATCH_BYTES_MAX)
        ):
            await self.publish()

    async def publish(self) -> None:
        events, records = self._events, self._records
        self._events, self._records, self._bytes = [], {}, 0
        self._outlet.standing.lag = len(events)
        if events or records:
            await self._outlet.publish(events, records)
        self._outlet.standing.lag = 0


class Teller:
    """Gives turns, so that what one intake decides is on disk before the next one looks."""

    def __init__(self, spec: SourceSpec, outlet: Outlet, clock: Clock, wanted: Wanted) -> None:
        self._spec = spec
        self._outlet = outlet
        self._clock = clock
        self._wanted = wanted
        self._keys = RecordKeys(spec.options.bucket)
        self._lock = asyncio.Lock()
        self._touched = Touched()

    def watch(self) -> Touched:
        """The keys that notifications tell of from now on, until the next call."""
        self._touched = Touched()
        return self._touched

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        async with self._lock:
            turn = Turn(self._spec, self._outlet, self._clock, self._wanted)
            yield turn
            await turn.publish()

    async def tell(self, sightings: Sequence[Sighting]) -> None:
        """Tell what is news among `sightings`; when it gives back, that is on disk."""
        known: dict[str, History] = {}  # what this turn has made of it, published or not
        async with self.turn() as turn:
            for seen in sightings:
                if seen.bucket != self._spec.options.bucket:
                    self._outlet.standing.notice(_of_another(seen.bucket))
                elif self._wanted.is_key(seen.key):
                    await self._tell_one(turn, known, seen)

    async def _tell_one(self, turn: Turn, known: dict[str, History], seen: Sighting) -> None:
        self._touched.add(seen.key)
        record_key = self._keys.of(seen.key, seen.version)
        if record_key not in known:
            known[record_key] = decode(await self._outlet.record(record_key))
        verdict = judge(known[record_key], seen.version, told_of(seen))
        if verdict.history is not None:
            known[record_key] = verdict.history
        await turn.relieve(2 * len(seen.data))
        turn.add(record_key, verdict, lambda: seen)


def _of_another(bucket: str) -> str:
    return (
        f"notifications of bucket {bucket[:63]!r} are sent here and left out: "
        "send them to a source of that bucket"
    )
