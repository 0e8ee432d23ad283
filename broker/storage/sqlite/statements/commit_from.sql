-- The commit that holds an offset, or the next one.
SELECT last_offset, first_offset, stored_at, bytes_end FROM commits
WHERE last_offset >= ? ORDER BY last_offset LIMIT 1
