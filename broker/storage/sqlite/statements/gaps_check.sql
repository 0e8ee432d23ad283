-- For verify: the log's rows, its ends, what was pruned, and events that no commit row covers.
SELECT count(*), coalesce(min(offset), 0), coalesce(max(offset), 0),
    (SELECT pruned_to FROM partition),
    (SELECT coalesce(max(last_offset), 0) FROM commits)
FROM events
