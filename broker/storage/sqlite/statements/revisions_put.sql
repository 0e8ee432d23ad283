-- An applied trigger spec.
INSERT INTO revisions ("trigger", number, from_offset, spec, applied_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT ("trigger", number) DO UPDATE SET
    from_offset = excluded.from_offset, spec = excluded.spec, applied_at = excluded.applied_at
