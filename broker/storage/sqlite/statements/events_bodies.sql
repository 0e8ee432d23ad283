-- The same page's heads and data, each as one blob, to be cut by the measured lengths.
SELECT CAST(group_concat(head, '' ORDER BY offset) AS BLOB),
    CAST(group_concat(data, '' ORDER BY offset) AS BLOB)
FROM events WHERE offset BETWEEN ? AND ?
