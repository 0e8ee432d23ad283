-- At open; from the tallies and one index probe each.
SELECT tally."trigger", tally.count,
    (SELECT min(due_at) FROM parked WHERE parked."trigger" = tally."trigger")
FROM parked_tallies AS tally WHERE tally.count > 0 ORDER BY tally."trigger"
