-- By ascending key, in one row; char(1114111) is the last code point, so this is a range.
SELECT json_group_array(json_array(key, hex(value), revision) ORDER BY key)
FROM (
    SELECT key, value, revision FROM records
    WHERE key > ?1 AND key >= ?2 AND key < ?2 || char(1114111) ORDER BY key LIMIT ?3
)
