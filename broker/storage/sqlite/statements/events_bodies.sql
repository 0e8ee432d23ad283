-- The same page's heads and data, each as one blob, to be cut by the measured lengths.
-- In the order of the scan: an ORDER BY within the aggregates would copy every body twice.
SELECT CAST(group_concat(head, '') AS BLOB), CAST(group_concat(data, '') AS BLOB)
FROM (SELECT head, data FROM events WHERE offset BETWEEN ? AND ? ORDER BY offset)
