-- One per commit with events; refused by commits_fence where another process owns the partition.
INSERT INTO commits (last_offset, first_offset, stored_at, bytes_end, owner_epoch, keys, ids)
VALUES (?, ?, ?, ?, ?, ?, ?)
