"""A checkpoint as rows, in the order that its contract gives."""

from collections.abc import Sequence
from datetime import datetime

import apsw
import orjson

from broker.clock import to_milliseconds
from broker.failpoint import reach
from broker.storage.rows import Checkpoint, DeadLetter, Move, ParkedRow
from broker.storage.sqlite.evidence import pack_attempts
from broker.storage.sqlite.sql import Statements

Row = tuple[object, ...]


def apply_checkpoint(connection: apsw.Connection, sql: Statements, checkpoint: Checkpoint) -> None:
    """All but records, replies and `routed`, which the transaction writes itself."""
    redriven = _move(connection, sql, checkpoint.moves) if checkpoint.moves else []
    for name, rows in (
        ("parked_delete", [(p.trigger, p.offset, p.step) for p in checkpoint.unparked]),
        ("waiting_delete", checkpoint.unwaiting),
        ("parked_put", [_parked_row(row) for row in (*checkpoint.parked, *redriven)]),
        ("waiting_put", [(w.trigger, w.offset, w.order_key) for w in checkpoint.waiting]),
        ("dead_letters_put", [_dead_letter_row(letter) for letter in checkpoint.dead_letters]),
        ("cursors_put", [(c.trigger, c.offset, _json(c.settled)) for c in checkpoint.cursors]),
        ("cursors_delete", [(trigger,) for trigger in checkpoint.following]),
        ("counts_add", _counts_rows(checkpoint)),
    ):
        sql.write(connection, name, rows)
    _write_rare(connection, sql, checkpoint)
    if checkpoint.dead_letters:
        reach("dead-letter.write")


def _write_rare(connection: apsw.Connection, sql: Statements, checkpoint: Checkpoint) -> None:
    for name, rows in (
        ("revisions_put", _revisions_rows(checkpoint)),
        ("states_put", _states_rows(checkpoint)),
        ("marks_put", _marks_rows(checkpoint)),
        ("retried_put", _retried_rows(checkpoint)),
        ("audit_add", _audit_rows(checkpoint)),
    ):
        sql.write(connection, name, rows)


def _move(connection: apsw.Connection, sql: Statements, moves: Sequence[Move]) -> list[ParkedRow]:
    """Make those moves whose letter is in the right state; gives the rows to park for them."""
    ids = _json([move.id for move in moves])
    found = connection.execute(sql["dead_letter_states"], (ids,)).get
    states: dict[str, str] = dict(orjson.loads(found))
    changes: dict[str, Row] = {}
    parked: list[ParkedRow] = []
    for move in moves:
        if states.get(move.id) not in move.from_states:
            continue
        before = changes.get(move.id, (move.id, None, None, None, None))
        changes[move.id] = _changed(before, move)
        if move.to_state is not None:
            states[move.id] = move.to_state.value
        if move.parked is not None:
            parked.append(move.parked)
    sql.write(connection, "dead_letters_move", list(changes.values()))
    return parked


def _changed(before: Row, move: Move) -> Row:
    """One letter after `move`: (id, state, forwarded, purge_at, redrives, when and who)."""
    _, state, forwarded, purge_at, redrives, *_ = before
    if move.to_state is not None:
        state, purge_at = move.to_state.value, _milliseconds(move.purge_at)
    if move.forwarded is not None:
        forwarded = move.forwarded
    if move.parked is not None:
        redrives = move.parked.redrives
    who = (to_milliseconds(move.at), move.by, move.reason)
    return (move.id, state, forwarded, purge_at, redrives, *who)


def _parked_row(row: ParkedRow) -> Row:
    place, event = row.place, row.event
    attempts = pack_attempts(row.attempts)
    return (
        place.trigger, place.offset, place.step, row.delivery_id, row.attempt,
        to_milliseconds(row.due_at), float(row.wait_seconds), float(row.age_seconds),
        to_milliseconds(row.first_at), to_milliseconds(row.stored_at), event.head, event.data,
        attempts, row.order_key, row.redrives, event.size_bytes + len(attempts),
        row.attempts_before,
    )  # fmt: skip


def _dead_letter_row(letter: DeadLetter) -> Row:
    place, event = letter.place, letter.event
    evidence = pack_attempts(letter.attempts)
    return (
        letter.id, place.trigger, place.offset, place.step, letter.delivery_id, letter.broker,
        letter.sink, letter.revision, event.head, event.data, to_milliseconds(letter.stored_at),
        letter.reason, letter.outcome_class, letter.status, letter.message,
        to_milliseconds(letter.first_at), to_milliseconds(letter.dead_at), letter.attempt_count,
        evidence, letter.group, letter.pattern, letter.state.value, letter.forwarded,
        letter.redrives, _milliseconds(letter.purge_at), event.type, event.source,
        event.attributes.get("subject"), event.id, event.size_bytes,
        event.size_bytes + len(evidence) + len(letter.message),
    )  # fmt: skip


def _counts_rows(checkpoint: Checkpoint) -> list[Row]:
    return [
        (c.trigger, c.matched, c.delivered, c.dead, c.discarded, c.redelivered)
        for c in checkpoint.counts
    ]


def _revisions_rows(checkpoint: Checkpoint) -> list[Row]:
    return [
        (r.trigger, r.number, r.from_offset, r.spec, to_milliseconds(r.applied_at))
        for r in checkpoint.revisions
    ]


def _states_rows(checkpoint: Checkpoint) -> list[Row]:
    return [
        (s.trigger, int(s.paused), s.reason, s.by, _milliseconds(s.since))
        for s in checkpoint.states
    ]


def _marks_rows(checkpoint: Checkpoint) -> list[Row]:
    return [
        (m.trigger, m.offset, to_milliseconds(m.at), m.matched, m.delivered)
        for m in checkpoint.marks
    ]


def _retried_rows(checkpoint: Checkpoint) -> list[Row]:
    return [
        (r.place.offset, r.place.trigger, r.place.step, to_milliseconds(r.delivered_at),
         pack_attempts(r.attempts))
        for r in checkpoint.retried
    ]  # fmt: skip


def _audit_rows(checkpoint: Checkpoint) -> list[Row]:
    return [
        (to_milliseconds(a.at), a.by, a.verb, a.detail, a.count, a.reason) for a in checkpoint.audit
    ]


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else to_milliseconds(moment)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
