-- in flight → parked; a row of the same place is replaced
INSERT INTO parked (
    "trigger", offset, step, delivery_id, attempt, due_at, wait_seconds, age_seconds,
    first_at, stored_at, head, data, attempts, order_key, redrives, bytes,
    attempts_before)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT ("trigger", offset, step) DO UPDATE SET
    delivery_id = excluded.delivery_id, attempt = excluded.attempt, due_at = excluded.due_at,
    wait_seconds = excluded.wait_seconds, age_seconds = excluded.age_seconds,
    first_at = excluded.first_at, stored_at = excluded.stored_at, head = excluded.head,
    data = excluded.data, attempts = excluded.attempts, order_key = excluded.order_key,
    redrives = excluded.redrives, bytes = excluded.bytes,
    attempts_before = excluded.attempts_before
