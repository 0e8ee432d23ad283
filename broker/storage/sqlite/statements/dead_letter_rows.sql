-- Whole dead letters by a JSON list of ids, in its order, in one row.
SELECT json_group_array(json_array(
    letter.id, letter."trigger", letter.offset, letter.step, letter.delivery_id, letter.broker,
    letter.sink, letter.revision, hex(letter.head),
    iif(letter.data IS NULL, NULL, hex(letter.data)), letter.stored_at, letter.reason,
    letter.class, letter.status, letter.message, letter.first_at, letter.dead_at,
    letter.attempts, letter.evidence, letter."group", letter.pattern, letter.state,
    letter.forwarded, letter.redrives, letter.purge_at,
    coalesce(letter.moved_by, ''), coalesce(letter.moved_reason, '')) ORDER BY wanted.key)
FROM json_each(?) AS wanted JOIN dead_letters AS letter ON letter.id = wanted.value
