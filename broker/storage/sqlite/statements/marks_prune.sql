-- Marks go with the events they speak of.
DELETE FROM marks WHERE offset <= ?
