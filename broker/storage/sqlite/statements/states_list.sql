-- At open.
SELECT "trigger", paused, reason, "by", since FROM states ORDER BY "trigger"
