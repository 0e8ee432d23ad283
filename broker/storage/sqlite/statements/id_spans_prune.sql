-- Checksums go with the events they speak of.
DELETE FROM id_spans WHERE last_offset <= ?
