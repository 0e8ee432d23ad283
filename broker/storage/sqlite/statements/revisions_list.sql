-- At open.
SELECT "trigger", number, from_offset, spec, applied_at FROM revisions ORDER BY "trigger", number
