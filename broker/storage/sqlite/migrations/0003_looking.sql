-- What somebody who looks asks of a long log: what an event led to, and where an id is.
CREATE INDEX events_cause ON events (cause_offset) WHERE cause_offset IS NOT NULL;

-- The id checksums of some 4,096 events in one row. A commit may hold a single event, and a
-- million rows take half a second to sift; 250 such rows take a few milliseconds.
CREATE TABLE id_spans (
    last_offset INTEGER PRIMARY KEY,
    first_offset INTEGER NOT NULL,
    ids BLOB NOT NULL
) STRICT;

INSERT INTO id_spans (last_offset, first_offset, ids)
SELECT max(last_offset), min(first_offset), CAST(group_concat(ids, '' ORDER BY last_offset) AS BLOB)
FROM commits GROUP BY last_offset / 4096;

-- The condition is arithmetic on purpose: a commit that ends no span pays nothing for it.
CREATE TRIGGER id_spans_ended AFTER INSERT ON commits
WHEN NEW.last_offset / 4096 > (NEW.first_offset - 1) / 4096
BEGIN
    INSERT INTO id_spans (last_offset, first_offset, ids)
    SELECT max(last_offset), min(first_offset),
        CAST(group_concat(ids, '' ORDER BY last_offset) AS BLOB)
    FROM commits WHERE last_offset > (SELECT coalesce(max(last_offset), 0) FROM id_spans);
END;
