-- nothing → stored
INSERT INTO events (offset, stored_at, head, data, principal, cause_offset, cause_trigger)
VALUES (?, ?, ?, ?, ?, ?, ?)
