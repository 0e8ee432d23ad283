-- Of the keys in a JSON list: [[key, revision], …].
SELECT json_group_array(json_array(key, revision)) FROM records
WHERE key IN (SELECT value FROM json_each(?))
