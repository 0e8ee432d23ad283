-- Newest first, in one row.
SELECT json_group_array(json_array(number, at, "by", verb, detail, count, reason)
    ORDER BY number DESC)
FROM (SELECT * FROM audit WHERE number < ? ORDER BY number DESC LIMIT ?)
