-- In order of being due, from the index alone, in one row.
SELECT json_group_array(json_array(due_at, offset, step, bytes) ORDER BY due_at, offset, step)
FROM (
    SELECT due_at, offset, step, bytes FROM parked
    WHERE "trigger" = ? ORDER BY due_at, offset, step LIMIT ?
)
