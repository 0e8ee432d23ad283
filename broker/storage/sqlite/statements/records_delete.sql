-- present → absent
DELETE FROM records WHERE key IN (VALUES (?))
