-- The newest commit stays: it says where the log ends.
DELETE FROM commits WHERE last_offset <= ? AND last_offset < (SELECT max(last_offset) FROM commits)
