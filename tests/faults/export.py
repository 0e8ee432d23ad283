"""The store after the end, read through the engine that wrote it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import apsw

from broker.clock import SteadyClock
from broker.event import StoredEvent
from broker.storage.rows import DeadLetter, Loaded
from broker.storage.sqlite.engine import SqliteEngine
from broker.storage.sqlite.options import SqliteOptions

PAGE_BYTES_MAX = 1 << 24


@dataclass(frozen=True, slots=True)
class Export:
    """Everything in one store; `events` from `loaded.first_offset` on."""

    loaded: Loaded
    events: tuple[StoredEvent, ...]
    dead_letters: tuple[DeadLetter, ...]
    integrity: str

    def ids_of(self, type: str) -> list[str]:
        return [stored.event.id for stored in self.events if stored.event.type == type]

    @property
    def sums(self) -> Mapping[str, tuple[int, int, int]]:
        """(matched, delivered, dead) per trigger, without its namespace."""
        return {
            name.partition("/")[2]: (counts.matched, counts.delivered, counts.dead)
            for name, counts in self.loaded.counts.items()
        }


async def export(path: Path) -> Export:
    """Read the store at `path`, which no process may own any more."""
    engine = SqliteEngine(path, SteadyClock(), SqliteOptions(reserve_bytes=0))
    loaded = await engine.log.open(lambda stored: None)
    events: list[StoredEvent] = []
    after = loaded.first_offset - 1
    while page := await engine.log.read(after, 1000, PAGE_BYTES_MAX):
        events += page
        after = page[-1].offset
    letters: list[DeadLetter] = []
    found = await engine.desk.page((), None, 1000)
    letters += found.items
    while found.next is not None:
        found = await engine.desk.page((), found.next, 1000)
        letters += found.items
    await engine.log.close()
    return Export(loaded, tuple(events), tuple(letters), _integrity(path))


def _integrity(path: Path) -> str:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    found = str(connection.pragma("integrity_check"))
    connection.close()
    return found
