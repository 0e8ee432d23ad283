-- The replies to deliveries of one event, in order of their offsets, in one row.
SELECT json_group_array(offset ORDER BY offset)
FROM (SELECT offset FROM events WHERE cause_offset = ? ORDER BY offset LIMIT ?)
