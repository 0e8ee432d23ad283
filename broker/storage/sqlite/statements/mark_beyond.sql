-- The first mark of a trigger at or beyond an offset.
SELECT offset, at, matched, delivered FROM marks
WHERE "trigger" = ? AND offset >= ? ORDER BY offset, at LIMIT 1
