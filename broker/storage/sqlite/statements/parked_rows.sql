-- CROSS keeps the list outermost: the other way round every row of the trigger is looked at.
-- The rows of one trigger at the places of a JSON list [[offset, step], …], in its order.
SELECT json_group_array(json_array(
    offset, step, delivery_id, attempt, due_at, wait_seconds, age_seconds, first_at, stored_at,
    hex(head), iif(data IS NULL, NULL, hex(data)), attempts, order_key, redrives,
    attempts_before)
    ORDER BY place.key)
FROM json_each(?2) AS place
CROSS JOIN parked ON parked."trigger" = ?1
    AND parked.offset = place.value ->> 0 AND parked.step = place.value ->> 1
