-- nothing → stored. Rows of NULLs are left out, so that any number of events takes one step.
INSERT INTO events (offset, stored_at, head, data, principal, cause_offset, cause_trigger)
SELECT * FROM (VALUES (?, ?, ?, ?, ?, ?, ?)) WHERE column1 IS NOT NULL
