-- Of the ids in a JSON list: [[id, state], …].
SELECT json_group_array(json_array(id, state)) FROM dead_letters
WHERE id IN (SELECT value FROM json_each(?))
