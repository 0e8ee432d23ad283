-- At open: a clock that went back makes no delivery wait longer than was chosen for it.
-- Looks only at rows that are not due yet, by the index; the millisecond is for rounding.
UPDATE parked SET due_at = ?1 + CAST(wait_seconds * 1000 AS INTEGER) + 1
WHERE rowid IN (
    SELECT later.rowid FROM parked_tallies AS tally
    CROSS JOIN parked AS later
        ON later."trigger" = tally."trigger" AND later.due_at > ?1
    WHERE later.due_at > ?1 + CAST(later.wait_seconds * 1000 AS INTEGER) + 1
)
