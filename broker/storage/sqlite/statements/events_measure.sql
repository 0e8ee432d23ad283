-- A page without its bodies, in one row: [[offset, stored_at, head, data, principal, cause], …].
SELECT json_group_array(json_array(
    offset, stored_at, head, data, principal, cause_offset, cause_trigger))
FROM (
    SELECT offset, stored_at, length(head) AS head, length(data) AS data,
        principal, cause_offset, cause_trigger
    FROM events WHERE offset > ? ORDER BY offset LIMIT ?
)
