-- At open: the ordering key of each parked delivery that has one.
SELECT "trigger", order_key FROM parked WHERE order_key IS NOT NULL
ORDER BY "trigger", order_key
