-- What a slice about to be pruned counts in bytes.
SELECT coalesce(sum(length(head) + coalesce(length(data), 0)), 0) FROM events WHERE offset <= ?
