-- Only the latest ten are kept.
DELETE FROM unclean_ends
WHERE number NOT IN (SELECT number FROM unclean_ends ORDER BY number DESC LIMIT 10)
