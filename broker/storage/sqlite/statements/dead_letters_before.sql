-- Dead letters in state dead from before a time, counted up to a bound.
SELECT count(*) FROM (
    SELECT 1 FROM dead_letters WHERE state = 'dead' AND dead_at < ? LIMIT ?
)
