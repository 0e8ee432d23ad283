-- owned → cleanly ended
UPDATE partition SET clean = 1 WHERE owner_epoch = ?
