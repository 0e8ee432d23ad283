-- Oldest discarded first, with their bytes, in one row.
SELECT json_group_array(json_array(id, bytes) ORDER BY dead_at, id) FROM (
    SELECT id, bytes, dead_at FROM dead_letters WHERE state = 'discarded'
    ORDER BY dead_at, id LIMIT ?
)
