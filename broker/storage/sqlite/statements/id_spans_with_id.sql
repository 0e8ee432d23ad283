-- Spans before an offset that may hold an id, newest first, in one row.
SELECT json_group_array(json_array(first_offset, hex(ids)) ORDER BY first_offset DESC)
FROM (
    SELECT first_offset, ids FROM id_spans
    WHERE last_offset < ? AND instr(ids, ?) ORDER BY last_offset DESC LIMIT 20
)
