-- Of one event.
SELECT "trigger", step, delivered_at, attempts FROM retried WHERE offset = ?
ORDER BY "trigger", step
