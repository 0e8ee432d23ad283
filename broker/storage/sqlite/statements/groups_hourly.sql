-- [group, hour, count] of groups (a JSON list) and of the hours after one up to another.
SELECT json_group_array(json_array("group", hour, count)) FROM group_hours
WHERE "group" IN (SELECT value FROM json_each(?)) AND hour > ? AND hour <= ?
