-- Also the fence of every write that appends nothing: no row changes for a past owner.
UPDATE partition SET routed = coalesce(?, routed) WHERE owner_epoch = ?
