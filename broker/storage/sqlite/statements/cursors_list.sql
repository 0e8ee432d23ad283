-- At open.
SELECT "trigger", offset, settled FROM cursors ORDER BY "trigger"
