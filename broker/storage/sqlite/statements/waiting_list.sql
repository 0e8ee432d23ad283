-- At open.
SELECT "trigger", offset, order_key FROM waiting ORDER BY "trigger", offset
