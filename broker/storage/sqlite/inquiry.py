"""What somebody asks who looks into one event's story, as functions of a connection."""

from collections.abc import Iterator
from struct import pack, unpack
from zlib import crc32

import apsw
import orjson

from broker.clock import from_milliseconds
from broker.event import StoredEvent
from broker.storage.rows import Mark, ParkedRow, Place, Retried, WaitingRow
from broker.storage.sqlite.evidence import unpack_attempts
from broker.storage.sqlite.reads import OFFSET_MAX, Reads
from broker.storage.sqlite.sql import Statements


class Inquiry:
    """Questions about one id or one offset; none of them walks the log."""

    def __init__(self, reads: Reads, sql: Statements) -> None:
        self._reads = reads
        self._sql = sql

    def with_id(self, connection: apsw.Connection, id: str, limit: int) -> list[StoredEvent]:
        """Newest first: sifted by a checksum, then the events themselves decide.

        The latest commits are sifted one by one, all before them by spans of thousands.
        """
        found: list[StoredEvent] = []
        for offset in self._suspects(connection, pack("<I", crc32(id.encode()))):
            found += (
                event for event in self._reads.one(connection, offset) if event.event.id == id
            )
            if len(found) >= limit:
                break
        return found

    def _suspects(self, connection: apsw.Connection, wanted: bytes) -> Iterator[int]:
        """Offsets whose id has the checksum `wanted`, newest first."""
        end = connection.execute(self._sql["id_spans_end"]).get
        yield from self._sift(connection, "commits_with_id", OFFSET_MAX, wanted, end)
        yield from self._sift(connection, "id_spans_with_id", end + 1, wanted)

    def _sift(
        self, connection: apsw.Connection, name: str, before: int, wanted: bytes, *more: int
    ) -> Iterator[int]:
        statement = self._sql[name]
        while sifted := orjson.loads(connection.execute(statement, (before, wanted, *more)).get):
            for first_offset, ids in sifted:
                yield from _positions(bytes.fromhex(ids), wanted, first_offset)
            before = sifted[-1][0]

    def caused_by(self, connection: apsw.Connection, offset: int, limit: int) -> list[StoredEvent]:
        packed = connection.execute(self._sql["events_caused"], (offset, limit)).get
        return [
            event for reply in orjson.loads(packed) for event in self._reads.one(connection, reply)
        ]

    def rows_at(
        self, connection: apsw.Connection, offset: int, limit: int
    ) -> tuple[list[ParkedRow], list[WaitingRow]]:
        places = orjson.loads(connection.execute(self._sql["parked_at"], (offset, limit)).get)
        parked: list[ParkedRow] = []
        for trigger, step in places:
            parked += self._reads.parked(connection, trigger, [(offset, step)])
        waiting = orjson.loads(connection.execute(self._sql["waiting_at"], (offset, limit)).get)
        return parked, [WaitingRow(*row) for row in waiting]

    def retried(self, connection: apsw.Connection, offset: int) -> list[Retried]:
        return [
            Retried(
                Place(trigger, offset, step),
                from_milliseconds(delivered),
                unpack_attempts(attempts),
            )
            for trigger, step, delivered, attempts in connection.execute(
                self._sql["retried_list"], (offset,)
            )
        ]

    def mark(self, connection: apsw.Connection, trigger: str, offset: int) -> Mark | None:
        row = connection.execute(self._sql["mark_beyond"], (trigger, offset)).get
        if row is None:
            return None
        passed, at, matched, delivered = row
        return Mark(trigger, from_milliseconds(at), passed, matched, delivered)


def _positions(ids: bytes, wanted: bytes, first_offset: int) -> list[int]:
    """Offsets whose checksum is `wanted`, newest first; hits between two are no hits."""
    checksums = unpack(f"<{len(ids) // 4}I", ids)
    (checksum,) = unpack("<I", wanted)
    return [
        first_offset + index
        for index in range(len(checksums) - 1, -1, -1)
        if checksums[index] == checksum
    ]
