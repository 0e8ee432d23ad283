-- A trigger with nothing open stands where routing stands.
DELETE FROM cursors WHERE "trigger" IN (VALUES (?))
