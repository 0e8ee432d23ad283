-- What is given is added.
INSERT INTO counts ("trigger", matched, delivered, dead, discarded, redelivered)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT ("trigger") DO UPDATE SET
    matched = matched + excluded.matched, delivered = delivered + excluded.delivered,
    dead = dead + excluded.dead, discarded = discarded + excluded.discarded,
    redelivered = redelivered + excluded.redelivered
