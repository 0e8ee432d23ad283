-- One record.
SELECT value, revision FROM records WHERE key = ?
