-- Never changed afterwards.
INSERT INTO audit (at, "by", verb, detail, count, reason) VALUES (?, ?, ?, ?, ?, ?)
