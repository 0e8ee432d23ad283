-- Those that still count something, latest first, in one row.
SELECT json_group_array(json_array(
    id, "trigger", sink, class, status, reason, pattern, count, total, first_at, last_at, example)
    ORDER BY last_at DESC, id DESC)
FROM (SELECT * FROM groups WHERE count > 0 ORDER BY last_at DESC, id DESC LIMIT ?)
