-- Dead letters in state dead per trigger, from the groups.
SELECT "trigger", sum(count) FROM groups WHERE count > 0 GROUP BY "trigger"
