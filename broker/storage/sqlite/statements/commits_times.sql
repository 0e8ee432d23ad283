-- When each of some offsets was stored, by the commit that holds it; forgotten ones are left out.
SELECT json_group_array(json_array(wanted.value, (
    SELECT stored_at FROM commits WHERE last_offset >= wanted.value ORDER BY last_offset LIMIT 1
))) FROM json_each(?) AS wanted
