-- At open.
SELECT "trigger", matched, delivered, dead, discarded, redelivered FROM counts ORDER BY "trigger"
