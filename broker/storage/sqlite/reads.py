"""What a log is asked, as functions of a connection; they run beside the writer.

Pages come as one packed row (see `sql`): lengths and the rest as JSON, bodies as one blob.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import apsw
import orjson

from broker.clock import EPOCH, from_milliseconds, to_milliseconds
from broker.codec import decode_stored
from broker.event import Cause, StoredEvent
from broker.storage.rows import ParkedRow, Place
from broker.storage.sqlite.evidence import unpack_attempts
from broker.storage.sqlite.sql import Statements

DUE_BYTES_MAX = 32 << 20
OFFSET_MAX = (1 << 63) - 1


class Reads:
    """The log's questions."""

    def __init__(self, sql: Statements) -> None:
        self._sql = sql

    def events(
        self, connection: apsw.Connection, after: int, limit: int, bytes_max: int
    ) -> list[StoredEvent]:
        measured = connection.execute(self._sql["events_measure"], (after, limit)).get
        facts = _within(orjson.loads(measured), bytes_max)
        if not facts:
            return []
        span = (facts[0][0], facts[-1][0])
        heads, data = connection.execute(self._sql["events_bodies"], span).get
        return _cut(facts, heads, data or b"")

    def one(self, connection: apsw.Connection, offset: int) -> list[StoredEvent]:
        """The event at `offset`, if it was not pruned."""
        events = self.events(connection, offset - 1, 1, 1)
        return [event for event in events if event.offset == offset]

    def offset_before(self, connection: apsw.Connection, moment: datetime) -> int:
        """The last offset stored before `moment`: commits' times never go back."""
        return self._last(connection, 2, to_milliseconds(moment) - 1)

    def offset_beyond(self, connection: apsw.Connection, bytes_kept: int) -> int:
        """The last offset that the newest `bytes_kept` bytes do not hold."""
        last = connection.execute(self._sql["commit_last"]).get
        if last is None:
            return 0
        return self._last(connection, 3, last[2] - bytes_kept)

    def _last(self, connection: apsw.Connection, column: int, highest: int) -> int:
        """The end of the last commit whose ascending `column` is at most `highest`; 0 if none.

        A search by halves over the offsets: an index on either would cost every commit a page.
        """
        last = connection.execute(self._sql["commit_last"]).get
        low, high, found = 1, last[0] if last else 0, 0
        while low <= high:
            middle = (low + high) // 2
            row = connection.execute(self._sql["commit_from"], (middle,)).get
            if row[column] <= highest:
                found = row[0]
                low = row[0] + 1
            else:
                high = min(middle, row[1]) - 1
        return found

    def keys(
        self, connection: apsw.Connection, since: datetime, limit: int
    ) -> list[tuple[datetime, int, bytes]]:
        """Walked from the newest commit back, given ascending."""
        since_ms, left, before = to_milliseconds(since), limit, OFFSET_MAX
        found: list[tuple[datetime, int, bytes]] = []
        while left > 0:
            page = orjson.loads(connection.execute(self._sql["commits_keys"], (before,)).get)
            for last_offset, first_offset, stored_ms, packed in page:
                if stored_ms < since_ms or left <= 0:
                    return found[::-1]
                keys = bytes.fromhex(packed)[-8 * left :]
                found.append((from_milliseconds(stored_ms), last_offset - len(keys) // 8 + 1, keys))
                left -= len(keys) // 8
                before = first_offset
            if not page:
                break
        return found[::-1]

    def due(
        self,
        connection: apsw.Connection,
        trigger: str,
        until: datetime,
        limit: int,
        skip: frozenset[Place],
        known: Mapping[Place, ParkedRow],
    ) -> tuple[list[ParkedRow], datetime | None]:
        until_ms = to_milliseconds(until)
        values = (trigger, limit + len(skip) + 1)
        places = orjson.loads(connection.execute(self._sql["parked_places"], values).get)
        wanted: list[Place] = []
        next_due_at: datetime | None = None
        size_bytes = 0
        for due_ms, offset, step, row_bytes in places:
            place = Place(trigger, offset, step)
            if place in skip:
                continue
            size_bytes += row_bytes
            is_full = len(wanted) == limit or (wanted and size_bytes > DUE_BYTES_MAX)
            if due_ms > until_ms or is_full:
                next_due_at = from_milliseconds(due_ms)
                break
            wanted.append(place)
        # Asked once: the caller may forget one at any time, and a row left out is not missed.
        held = {place: row for place in wanted if (row := known.get(place)) is not None}
        unknown = [(place.offset, place.step) for place in wanted if place not in held]
        read = {row.place: row for row in self.parked(connection, trigger, unknown)}
        rows = [read.get(place) or held.get(place) for place in wanted]
        return [row for row in rows if row is not None], next_due_at

    def parked(
        self, connection: apsw.Connection, trigger: str, wanted: Sequence[tuple[int, str]]
    ) -> list[ParkedRow]:
        if not wanted:
            return []
        values = (trigger, orjson.dumps(wanted).decode())
        rows = orjson.loads(connection.execute(self._sql["parked_rows"], values).get)
        return [_parked_row(trigger, *row) for row in rows]


Fact = tuple[int, int, int, int | None, str | None, int | None, str | None]


def _within(facts: list[Fact], bytes_max: int) -> list[Fact]:
    """As many of the measured events as `bytes_max` allows, at least one."""
    size_bytes = 0
    for index, fact in enumerate(facts):
        size_bytes += fact[2] + (fact[3] or 0)
        if size_bytes > bytes_max and index:
            return facts[:index]
    return facts


def _cut(facts: list[Fact], heads: bytes, data: bytes) -> list[StoredEvent]:
    """Events from their lengths and the two blobs that hold all their bytes."""
    events = []
    head_at = data_at = 0
    known_ms, stored_at = 0, EPOCH
    for offset, stored_ms, head_bytes, data_bytes, principal, cause_offset, cause_trigger in facts:
        head = heads[head_at : head_at + head_bytes]
        head_at += head_bytes
        body = None
        if data_bytes is not None:
            body = data[data_at : data_at + data_bytes]
            data_at += data_bytes
        cause = None
        if cause_offset is not None and cause_trigger is not None:
            cause = Cause(cause_offset, cause_trigger)
        if stored_ms != known_ms:  # the same for all events of a commit
            known_ms, stored_at = stored_ms, from_milliseconds(stored_ms)
        event = decode_stored(head, body)
        events.append(StoredEvent(offset, event, stored_at, principal or "anonymous", cause))
    return events


def _parked_row(
    trigger: str, offset: int, step: str, delivery_id: str, attempt: int, due_ms: int,
    wait_seconds: float, age_seconds: float, first_ms: int, stored_ms: int, head: str,
    data: str | None, attempts: str, order_key: str | None, redrives: int,
    attempts_before: int,
) -> ParkedRow:  # fmt: skip
    body = None if data is None else bytes.fromhex(data)
    return ParkedRow(
        place=Place(trigger, offset, step),
        delivery_id=delivery_id,
        attempt=attempt,
        due_at=from_milliseconds(due_ms),
        wait_seconds=wait_seconds,
        age_seconds=age_seconds,
        first_at=from_milliseconds(first_ms),
        stored_at=from_milliseconds(stored_ms),
        event=decode_stored(bytes.fromhex(head), body),
        attempts=unpack_attempts(attempts),
        order_key=order_key,
        redrives=redrives,
        attempts_before=attempts_before,
    )
