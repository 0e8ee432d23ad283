-- Recent commits, newest first, in one row; a page at a time.
SELECT json_group_array(json_array(last_offset, first_offset, stored_at, hex(keys))
    ORDER BY last_offset DESC)
FROM (
    SELECT last_offset, first_offset, stored_at, keys FROM commits
    WHERE last_offset < ? ORDER BY last_offset DESC LIMIT 1000
)
