-- in flight or parked → dead; redriving → dead again, under the same id. Another delivery of
-- the event (redrives 0: after a seek) does not end a redrive: its row is still there.
INSERT INTO dead_letters (
    id, "trigger", offset, step, delivery_id, broker, sink, revision, head, data, stored_at,
    reason, class, status, message, first_at, dead_at, attempts, evidence, "group", pattern,
    state, forwarded, redrives, purge_at, type, source, subject, event_id, size, bytes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    "trigger" = excluded."trigger", offset = excluded.offset, step = excluded.step,
    delivery_id = excluded.delivery_id, broker = excluded.broker, sink = excluded.sink,
    revision = excluded.revision, head = excluded.head, data = excluded.data,
    stored_at = excluded.stored_at, reason = excluded.reason, class = excluded.class,
    status = excluded.status, message = excluded.message, first_at = excluded.first_at,
    dead_at = excluded.dead_at, attempts = excluded.attempts, evidence = excluded.evidence,
    "group" = excluded."group", pattern = excluded.pattern,
    state = iif(state = 'redriving' AND excluded.redrives = 0, state, excluded.state),
    forwarded = excluded.forwarded,
    redrives = iif(state = 'redriving' AND excluded.redrives = 0, redrives, excluded.redrives),
    purge_at = excluded.purge_at, type = excluded.type, source = excluded.source, subject = excluded.subject,
    event_id = excluded.event_id, size = excluded.size, bytes = excluded.bytes
