-- Attempts made before a dead letter came back: its retry budget begins after them.
ALTER TABLE parked ADD COLUMN attempts_before INTEGER NOT NULL DEFAULT 0;

-- A query of the desk tests and counts what these hold: a dead letter's row is read only to
-- be shown, for its events' data may be large and stands before the rest of it.
DROP INDEX dead_letters_dead_at;
DROP INDEX dead_letters_trigger;
DROP INDEX dead_letters_group;
DROP INDEX dead_letters_state;
DROP INDEX dead_letters_reason;
CREATE INDEX dead_letters_dead_at ON dead_letters (
    dead_at, id, "trigger", reason, "group", state, class, status, attempts, sink, offset,
    first_at, stored_at, type, source, subject, event_id, size, bytes
);
CREATE INDEX dead_letters_trigger ON dead_letters (
    "trigger", dead_at, id, state, reason, "group", bytes
);
CREATE INDEX dead_letters_group ON dead_letters (
    "group", dead_at, id, state, reason, "trigger", bytes
);
CREATE INDEX dead_letters_reason ON dead_letters (
    reason, dead_at, id, state, "group", "trigger", bytes
);
CREATE INDEX dead_letters_state ON dead_letters (
    state, dead_at, id, reason, "group", "trigger", bytes
);
CREATE INDEX dead_letters_type ON dead_letters (
    type, dead_at, id, state, reason, "group", "trigger", bytes
);
