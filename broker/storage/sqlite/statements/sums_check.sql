-- For verify: every row counted for real, [[trigger, parked, waiting, dead letters], …].
SELECT json_group_array(json_array(name,
    (SELECT count(*) FROM parked WHERE parked."trigger" = name),
    (SELECT count(*) FROM waiting WHERE waiting."trigger" = name),
    (SELECT count(*) FROM dead_letters WHERE dead_letters."trigger" = name)))
FROM (SELECT "trigger" AS name FROM counts UNION SELECT "trigger" FROM revisions)
