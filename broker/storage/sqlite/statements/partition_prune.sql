-- Where the log begins now.
UPDATE partition SET pruned_to = ?, pruned_bytes = pruned_bytes + ? WHERE owner_epoch = ?
