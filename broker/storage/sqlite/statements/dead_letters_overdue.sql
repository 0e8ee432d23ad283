-- discarded → forgotten, once it can no longer be restored
DELETE FROM dead_letters WHERE id IN (
    SELECT id FROM dead_letters WHERE purge_at <= ? AND +state = 'discarded'
    ORDER BY purge_at LIMIT ?
)
