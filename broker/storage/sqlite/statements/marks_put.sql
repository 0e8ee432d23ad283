-- At this time this trigger had passed this offset.
INSERT INTO marks ("trigger", offset, at, matched, delivered) VALUES (?, ?, ?, ?, ?)
ON CONFLICT ("trigger", offset, at) DO UPDATE SET
    matched = excluded.matched, delivered = excluded.delivered
