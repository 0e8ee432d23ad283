-- parked → settled, or dead
DELETE FROM parked WHERE ("trigger", offset, step) IN (VALUES (?, ?, ?))
