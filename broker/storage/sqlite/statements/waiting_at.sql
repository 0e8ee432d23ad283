-- The offset-only rows of one event: a probe for each trigger that has any, found by leaps.
WITH RECURSIVE names (name) AS (
    SELECT min("trigger") FROM waiting
    UNION ALL
    SELECT (SELECT min("trigger") FROM waiting WHERE "trigger" > name)
    FROM names WHERE name IS NOT NULL
)
SELECT json_group_array(json_array(name, offset, order_key))
FROM (
    SELECT name, offset, order_key FROM names
    CROSS JOIN waiting ON waiting."trigger" = name AND waiting.offset = ?1
    ORDER BY name LIMIT ?2
)
