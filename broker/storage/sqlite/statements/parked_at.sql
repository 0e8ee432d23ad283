-- Where parked rows of one event are, [[trigger, step], …]: a probe for each trigger that has any.
SELECT json_group_array(json_array(name, step))
FROM (
    SELECT parked."trigger" AS name, step FROM parked_tallies AS tally
    CROSS JOIN parked ON parked."trigger" = tally."trigger" AND parked.offset = ?1
    WHERE tally.count > 0 ORDER BY name, step LIMIT ?2
)
