-- stored → forgotten
DELETE FROM events WHERE offset <= ?
