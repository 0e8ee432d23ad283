-- For verify: every row counted for real, [[trigger, parked, waiting, dead letters], …].
-- A row that came back from the desk is no pair of its own: it was counted when it died.
-- What a replay gave up is counted by its job, and not by the trigger.
SELECT json_group_array(json_array(name,
    (SELECT count(*) FROM parked WHERE parked."trigger" = name
        AND parked.redrives = 0),
    (SELECT count(*) FROM waiting WHERE waiting."trigger" = name),
    (SELECT count(*) FROM dead_letters WHERE dead_letters."trigger" = name
        AND dead_letters.step NOT LIKE 'replay/%')))
FROM (SELECT "trigger" AS name FROM counts UNION SELECT "trigger" FROM revisions)
