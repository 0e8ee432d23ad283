-- A customer's or an order's dead letters, few among many: it is not written when one moves.
CREATE INDEX dead_letters_subject ON dead_letters (subject, dead_at, id)
WHERE subject IS NOT NULL;
