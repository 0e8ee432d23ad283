-- waiting behind its key → in flight
DELETE FROM waiting WHERE ("trigger", offset) IN (VALUES (?, ?))
