-- Groups by a JSON list of ids, in one row.
SELECT json_group_array(json_array(
    id, "trigger", sink, class, status, reason, pattern, count, total, first_at, last_at, example))
FROM groups WHERE id IN (SELECT value FROM json_each(?))
