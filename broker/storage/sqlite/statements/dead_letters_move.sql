-- one state → another, already compared; dead_letters_moved recounts the group
WITH moved (id, state, forwarded, purge_at, redrives, moved_at, moved_by, moved_reason) AS (
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
)
UPDATE dead_letters SET
    state = coalesce(moved.state, dead_letters.state),
    forwarded = coalesce(moved.forwarded, dead_letters.forwarded),
    purge_at = iif(moved.state IS NULL, dead_letters.purge_at, moved.purge_at),
    redrives = coalesce(moved.redrives, dead_letters.redrives),
    moved_at = moved.moved_at, moved_by = moved.moved_by, moved_reason = moved.moved_reason
FROM moved WHERE dead_letters.id = moved.id
