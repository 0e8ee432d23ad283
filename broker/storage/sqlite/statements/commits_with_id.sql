-- Commits before an offset, beyond the last span, that may hold an id, newest first, in one row.
SELECT json_group_array(json_array(first_offset, hex(ids)) ORDER BY first_offset DESC)
FROM (
    SELECT first_offset, ids FROM commits
    WHERE last_offset < ?1 AND last_offset > ?3 AND instr(ids, ?2)
    ORDER BY last_offset DESC LIMIT 100
)
