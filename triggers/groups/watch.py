"""Watch: see what comes about with groups, tell of it, and forget those that are gone.

One task of a partition. What is to be told follows from what is on disk, so that whatever an
earlier process had no time to tell is told by the next.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from broker.clock import Clock
from broker.errors import Unavailable
from broker.event import Event
from broker.storage.desk import Desk, Group
from broker.storage.records import Records
from broker.storage.rows import Checkpoint, Record
from triggers.edits import PREFIX as EDITS
from triggers.groups.announcer import Announcer
from triggers.groups.book import GroupBook, row
from triggers.groups.events import expiring_event, group_event, is_about_headrace
from triggers.groups.state import GroupState, reopened, untold

LOOK_SECONDS = 30.0
AGAIN_SECONDS = 1.0
SLICE_GROUPS = 200
SLICE_EDITS = 20  # each with a whole event
GROUPS_MAX = 10_000  # that are told of; of more nobody would read
WAITING_MAX = 1_000  # events of others, on their way into the log
EXPIRING = "desk/expiring"  # a record: the hour since 1970 in which it was last told
EXPIRING_COUNTED_MAX = 10_000
HOUR_SECONDS = 3600


class Watch:
    """`expiring_before` gives the moment before which a dead letter is forgotten within a day,
    None where none ever is.
    """

    def __init__(
        self,
        broker: str,
        desk: Desk,
        records: Records,
        book: GroupBook,
        announcer: Announcer,
        clock: Clock,
        expiring_before: Callable[[], datetime | None],
    ) -> None:
        self._broker = broker
        self._desk = desk
        self._records = records
        self._book = book
        self._announcer = announcer
        self._clock = clock
        self._expiring_before = expiring_before
        self._asked: dict[str, None] = {}
        self._waiting: deque[tuple[Event, tuple[Record, ...]]] = deque()
        self._told_hour = 0
        self._swept_seconds = clock.monotonic()
        self._has_work = asyncio.Event()
        self._is_resting = False

    @property
    def is_idle(self) -> bool:
        """Whether all there was to tell is told, as far as is known here."""
        return self._is_resting and not (self._asked or self._waiting)

    def committed(self, checkpoint: Checkpoint) -> None:
        """Some dead letters are on disk; most are of groups of which there is nothing to tell."""
        known = self._book.known
        for letter in checkpoint.dead_letters:
            record = known.get(letter.group)
            if record is None or record.state is GroupState.RESOLVED:
                self.ask(letter.group)

    def ask(self, group: str) -> None:
        """Something may be to tell of it."""
        if len(self._asked) < GROUPS_MAX:
            self._asked[group] = None
            self._has_work.set()

    def announce(self, event: Event, records: Iterable[Record] = ()) -> None:
        """Tell of something else, and store `records` with it; not crash-safe until stored."""
        if len(self._waiting) >= WAITING_MAX:
            self._announcer.omitted += 1
            return
        self._waiting.append((event, tuple(records)))
        self._has_work.set()

    async def run(self) -> None:
        """Until cancelled. While the store fails, which it says itself, it is tried again."""
        is_begun = False
        while True:
            try:
                if not is_begun:
                    await self._begin()
                    is_begun = True
                is_all = await self._tell_asked() and await self._tell_waiting()
                await self._look_around()
            except Unavailable:
                is_all = False
            await self._rest(is_all)

    async def _begin(self) -> None:
        """Ask about whatever an earlier process may not have told."""
        if (found := await self._records.get(EXPIRING)) is not None:
            self._told_hour = int(found[0])
        for number, group in enumerate(await self._desk.groups(None, GROUPS_MAX)):
            if number % SLICE_GROUPS == 0:
                await asyncio.sleep(0)  # publishers come already
            if untold(reopened(self._book.of(group.id), group)) is not None:
                self.ask(group.id)
        for name, record in list(self._book.known.items()):
            if untold(record) is not None or record.state is GroupState.RESOLVED:
                self.ask(name)  # it may count nothing now

    async def _rest(self, is_all: bool) -> None:
        """Until there is work, or it is time to look around; a moment where not all was told."""
        if not is_all:
            await asyncio.sleep(AGAIN_SECONDS)
            return
        self._is_resting = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await self._has_work.wait()
        self._is_resting = False

    async def _tell_asked(self) -> bool:
        """False where the broker takes nothing now."""
        self._has_work.clear()
        while self._asked:
            some = list(self._asked)[:SLICE_GROUPS]
            for name in some:  # before it is looked at: what comes meanwhile asks again
                del self._asked[name]
            try:
                is_all = await self._tell_some(some)
            except Unavailable:
                is_all = False
            if not is_all:
                self._asked.update(dict.fromkeys(some))
                return False
        return True

    async def _tell_some(self, names: Sequence[str]) -> bool:
        for group in await self._desk.groups_named(names):
            while (is_told := await self._tell_one(group)) is not None:
                if not is_told:
                    return False
        return True

    async def _tell_one(self, group: Group) -> bool | None:
        """Tell one turn; None where there is none, False where it cannot be told now."""
        async with self._book.lock:
            record = reopened(self._book.of(group.id), group)
            turn = untold(record)
            is_too_many = len(self._book.known) >= GROUPS_MAX and group.id not in self._book.known
            if turn is None or is_too_many:
                return None
            event: Event | None = None
            if not await self._is_of_our_own(group):
                event = group_event(self._broker, group, record, turn, self._clock.now())
            after = replace(record, told=turn.value)
            if not await self._announcer.tell(event, [row(group.id, after)]):
                return False
            self._book.note(group.id, after)
            return True

    async def _is_of_our_own(self, group: Group) -> bool:
        """Whether it is about an event that told of something itself: that would never end."""
        letter = await self._desk.get(group.example)
        return letter is not None and is_about_headrace(letter.event)

    async def _tell_waiting(self) -> bool:
        while self._waiting:
            event, records = self._waiting[0]
            if not await self._announcer.tell(event, records):
                return False
            self._waiting.popleft()
        return True

    async def _look_around(self) -> None:
        await self._announcer.tell_omitted()
        await self._tell_expiring()
        if self._clock.monotonic() - self._swept_seconds >= HOUR_SECONDS:
            self._swept_seconds = self._clock.monotonic()
            await self._sweep()
            await self._sweep_edits()

    async def _tell_expiring(self) -> None:
        """At most once an hour, whatever starts and ends lie between."""
        now, before = self._clock.now(), self._expiring_before()
        hour = int(now.timestamp()) // HOUR_SECONDS
        if before is None or hour == self._told_hour:
            return
        count = await self._desk.dead_before(before, EXPIRING_COUNTED_MAX + 1)
        if not count:
            return
        is_all = count <= EXPIRING_COUNTED_MAX
        event = expiring_event(self._broker, min(count, EXPIRING_COUNTED_MAX), is_all, hour, now)
        if await self._announcer.tell(event, [Record(EXPIRING, str(hour).encode())]):
            self._told_hour = hour

    async def _sweep(self) -> None:
        """Forget records of groups that are gone."""
        ids = list(self._book.known)
        for start in range(0, len(ids), SLICE_GROUPS):
            some = ids[start : start + SLICE_GROUPS]
            async with self._book.lock:
                there = {group.id for group in await self._desk.groups_named(some)}
                gone = [name for name in some if name not in there]
                if gone:
                    await self._book.write(dict.fromkeys(gone), ())
            for name in gone:
                self.ask(name)  # one that has just come again is told of again

    async def _sweep_edits(self) -> None:
        """Forget edits of dead letters that are gone."""
        after = ""
        while page := await self._records.scan(EDITS, after, SLICE_EDITS):
            after = page[-1][0]
            letters = {key.removeprefix(EDITS): key for key, _, _ in page}
            there = await self._desk.states(list(letters))
            gone = [Record(key, None) for letter, key in letters.items() if letter not in there]
            if gone:
                await self._book.put(gone)
