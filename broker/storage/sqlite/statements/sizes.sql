-- From running totals, never by counting rows.
SELECT partition.pruned_to, partition.pruned_bytes, desk.dead_letters, desk.bytes,
    coalesce((SELECT max(last_offset) FROM commits), 0),
    coalesce((SELECT bytes_end FROM commits ORDER BY last_offset DESC LIMIT 1), 0),
    (SELECT stored_at FROM commits WHERE last_offset > partition.pruned_to
     ORDER BY last_offset LIMIT 1)
FROM partition, desk
