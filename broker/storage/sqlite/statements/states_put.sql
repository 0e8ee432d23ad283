-- running ↔ paused
INSERT INTO states ("trigger", paused, reason, "by", since) VALUES (?, ?, ?, ?, ?)
ON CONFLICT ("trigger") DO UPDATE SET
    paused = excluded.paused, reason = excluded.reason, "by" = excluded."by", since = excluded.since
