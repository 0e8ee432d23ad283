-- The owner before was found to have died.
INSERT INTO unclean_ends (at) VALUES (?)
