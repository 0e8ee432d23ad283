"""What a process must know after opening: read once, bounded by triggers, not by events."""

from dataclasses import dataclass

import apsw
import orjson

from broker.clock import from_milliseconds
from broker.storage.rows import (
    Counts,
    Cursor,
    Loaded,
    ParkedSummary,
    Revision,
    TriggerState,
    WaitingRow,
)
from broker.storage.sqlite.sql import Statements


@dataclass(frozen=True, slots=True)
class Position:
    """Where the log ends: what the writer numbers from. Changes only after a COMMIT."""

    owner_epoch: int
    last_offset: int
    stored_ms: int
    bytes_end: int


def load(connection: apsw.Connection, sql: Statements) -> tuple[Loaded, Position]:
    log_id, epoch, _, routed, pruned_to, _ = connection.execute(sql["partition_get"]).get
    last = connection.execute(sql["commit_last"]).get
    last_offset, stored_ms, bytes_end = last or (0, 0, 0)
    loaded = Loaded(
        log_id=log_id,
        owner_epoch=epoch,
        first_offset=pruned_to + 1,
        last_offset=last_offset,
        stored_at=from_milliseconds(stored_ms) if last_offset else None,
        routed=routed,
        cursors={row.trigger: row for row in _cursors(connection, sql)},
        revisions=tuple(_revisions(connection, sql)),
        states={row.trigger: row for row in _states(connection, sql)},
        counts={row[0]: Counts(*row) for row in connection.execute(sql["counts_list"])},
        parked={
            trigger: ParkedSummary(count, None if due is None else from_milliseconds(due))
            for trigger, count, due in connection.execute(sql["parked_summaries"])
        },
        waiting=tuple(WaitingRow(*row) for row in connection.execute(sql["waiting_list"])),
        parked_keys=tuple(
            (str(trigger), str(key)) for trigger, key in connection.execute(sql["parked_keys"])
        ),
        unclean_ends=tuple(
            from_milliseconds(at) for (at,) in connection.execute(sql["unclean_ends_list"])
        ),
    )
    return loaded, Position(epoch, last_offset, stored_ms, bytes_end)


def _cursors(connection: apsw.Connection, sql: Statements) -> list[Cursor]:
    return [
        Cursor(trigger, offset, tuple((first, last) for first, last in orjson.loads(settled)))
        for trigger, offset, settled in connection.execute(sql["cursors_list"])
    ]


def _revisions(connection: apsw.Connection, sql: Statements) -> list[Revision]:
    return [
        Revision(trigger, number, from_offset, spec, from_milliseconds(applied))
        for trigger, number, from_offset, spec, applied in connection.execute(sql["revisions_list"])
    ]


def _states(connection: apsw.Connection, sql: Statements) -> list[TriggerState]:
    return [
        TriggerState(
            trigger, bool(paused), reason, by, None if since is None else from_milliseconds(since)
        )
        for trigger, paused, reason, by, since in connection.execute(sql["states_list"])
    ]
