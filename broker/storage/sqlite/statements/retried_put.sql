-- parked → delivered leaves its evidence
INSERT INTO retried (offset, "trigger", step, delivered_at, attempts) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (offset, "trigger", step) DO UPDATE SET
    delivered_at = excluded.delivered_at, attempts = excluded.attempts
