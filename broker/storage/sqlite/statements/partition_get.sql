-- The one row about the partition.
SELECT log_id, owner_epoch, clean, routed, pruned_to, pruned_bytes FROM partition
