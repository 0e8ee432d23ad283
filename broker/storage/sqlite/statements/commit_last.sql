-- Where the log ends; the newest commit is never pruned.
SELECT last_offset, stored_at, bytes_end FROM commits ORDER BY last_offset DESC LIMIT 1
