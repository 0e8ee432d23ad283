-- any state but redriving → forgotten, oldest first
DELETE FROM dead_letters WHERE id IN (
    SELECT id FROM dead_letters WHERE dead_at < ? AND state != 'redriving'
    ORDER BY dead_at, id LIMIT ?
)
