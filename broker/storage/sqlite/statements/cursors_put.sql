-- A trigger with something open stands here.
INSERT INTO cursors ("trigger", offset, settled) VALUES (?, ?, ?)
ON CONFLICT ("trigger") DO UPDATE SET offset = excluded.offset, settled = excluded.settled
