-- Evidence goes with its event.
DELETE FROM retried WHERE offset <= ?
