-- Ascending.
SELECT at FROM unclean_ends ORDER BY number
