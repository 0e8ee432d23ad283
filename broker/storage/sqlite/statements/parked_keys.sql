-- At open: the ordering keys that parked deliveries hold back.
SELECT DISTINCT "trigger", order_key FROM parked WHERE order_key IS NOT NULL
ORDER BY "trigger", order_key
