-- Once, when the file is made.
INSERT INTO partition (id, log_id, owner_epoch, clean, routed, pruned_to, pruned_bytes)
VALUES (1, ?, 0, 1, 0, 0, 0) ON CONFLICT (id) DO NOTHING
