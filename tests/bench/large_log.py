"""A store with a long log, made in bulk: as publishers of single events would have left it."""

import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from struct import pack

import apsw

from broker.clock import to_milliseconds
from broker.codec import make_event
from broker.storage.sqlite.sql import load_statements
from tests.bench.configuration import EVENT_TYPE

NUMBER_DIGITS = 12
SLICE_EVENTS = 50_000
STEP = timedelta(milliseconds=1)
REPLY_EVERY = 100
DATA = b'{"n": 1}'


def event_id(offset: int) -> str:
    """The id of the event at `offset`."""
    return f"id-{offset:0{NUMBER_DIGITS}d}"


def fill_log(path: Path, events: int, trigger: str) -> None:
    """Fill the empty store at `path`, which no process owns, with `events` events.

    A commit for each, a millisecond after the one before, the newest a moment ago. All are
    of one type; every hundredth is a reply of `trigger`. All triggers have delivered all.
    """
    connection = apsw.Connection(str(path))
    statements = load_statements()
    begun_at = datetime.now(UTC) - events * STEP
    epoch = connection.execute("SELECT owner_epoch FROM partition").get
    for first in range(1, events + 1, SLICE_EVENTS):
        last = min(first + SLICE_EVENTS - 1, events)
        with connection:
            rows = _events(first, last, begun_at, trigger)
            connection.executemany(statements["events_add"], rows)
            rows = _commits(first, last, begun_at, epoch)
            connection.executemany(statements["commits_add"], rows)
            mark = (trigger, last, to_milliseconds(begun_at + last * STEP), last, last)
            connection.execute(statements["marks_put"], mark)
    with connection:
        connection.execute("UPDATE partition SET routed = ?", (events,))
    connection.close()


def _events(
    first: int, last: int, begun_at: datetime, trigger: str
) -> Iterator[tuple[object, ...]]:
    template = _head(0)
    blank = event_id(0).encode()
    for offset in range(first, last + 1):
        stored_ms = to_milliseconds(begun_at + offset * STEP)
        head = template.replace(blank, event_id(offset).encode())
        cause = (trigger, offset - REPLY_EVERY // 2, trigger)
        caused = cause if offset % REPLY_EVERY == 0 else (None, None, None)
        yield offset, stored_ms, head, DATA, *caused


def _head(offset: int) -> bytes:
    facts = {"specversion": "1.0", "type": EVENT_TYPE, "source": "/bench", "id": event_id(offset)}
    return make_event({**facts, "datacontenttype": "application/json"}, DATA).head


def _commits(first: int, last: int, begun_at: datetime, epoch: int) -> Iterator[tuple[object, ...]]:
    size_bytes = len(_head(0)) + len(DATA)
    for offset in range(first, last + 1):
        stored_ms = to_milliseconds(begun_at + offset * STEP)
        ids = pack("<I", zlib.crc32(event_id(offset).encode()))
        yield offset, offset, stored_ms, offset * size_bytes, epoch, bytes(8), ids
