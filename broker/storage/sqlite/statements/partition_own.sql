-- any owner → the next one, whose end is not clean until it closes
UPDATE partition SET owner_epoch = owner_epoch + 1, clean = 0
