-- What went wrong: parked and waiting deliveries, dead letters and their groups.
CREATE TABLE parked (
    "trigger" TEXT NOT NULL,
    offset INTEGER NOT NULL,
    step TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    wait_seconds REAL NOT NULL,
    age_seconds REAL NOT NULL,
    first_at INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    head BLOB NOT NULL,
    data BLOB,
    attempts TEXT NOT NULL,
    order_key TEXT,
    redrives INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY ("trigger", offset, step)
) STRICT;
CREATE INDEX parked_due ON parked ("trigger", due_at, offset, step, bytes);
CREATE INDEX parked_keys ON parked ("trigger", order_key) WHERE order_key IS NOT NULL;

-- Kept by the two triggers below, so that opening counts no rows.
CREATE TABLE parked_tallies ("trigger" TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT;
CREATE TRIGGER parked_added AFTER INSERT ON parked
BEGIN
    INSERT INTO parked_tallies ("trigger", count) VALUES (NEW."trigger", 1)
    ON CONFLICT ("trigger") DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER parked_removed AFTER DELETE ON parked
BEGIN
    UPDATE parked_tallies SET count = count - 1 WHERE "trigger" = OLD."trigger";
END;

CREATE TABLE waiting (
    "trigger" TEXT NOT NULL,
    offset INTEGER NOT NULL,
    order_key TEXT NOT NULL,
    PRIMARY KEY ("trigger", offset)
) STRICT, WITHOUT ROWID;

CREATE TABLE retried (
    offset INTEGER NOT NULL,
    "trigger" TEXT NOT NULL,
    step TEXT NOT NULL,
    delivered_at INTEGER NOT NULL,
    attempts TEXT NOT NULL,
    PRIMARY KEY (offset, "trigger", step)
) STRICT;

CREATE TABLE marks (
    "trigger" TEXT NOT NULL,
    offset INTEGER NOT NULL,
    at INTEGER NOT NULL,
    matched INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    PRIMARY KEY ("trigger", offset, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX marks_offset ON marks (offset);

CREATE TABLE dead_letters (
    id TEXT PRIMARY KEY,
    "trigger" TEXT NOT NULL,
    offset INTEGER NOT NULL,
    step TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    broker TEXT NOT NULL,
    sink TEXT NOT NULL,
    revision INTEGER NOT NULL,
    head BLOB NOT NULL,
    data BLOB,
    stored_at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    class TEXT NOT NULL,
    status INTEGER,
    message TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    dead_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    evidence TEXT NOT NULL,
    "group" TEXT NOT NULL,
    pattern TEXT NOT NULL,
    state TEXT NOT NULL,
    forwarded TEXT,
    redrives INTEGER NOT NULL,
    purge_at INTEGER,
    type TEXT NOT NULL,
    source TEXT NOT NULL,
    subject TEXT,
    event_id TEXT NOT NULL,
    size INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    moved_at INTEGER,
    moved_by TEXT,
    moved_reason TEXT
) STRICT;
CREATE INDEX dead_letters_dead_at ON dead_letters (dead_at, id);
CREATE INDEX dead_letters_trigger ON dead_letters ("trigger", dead_at, id);
CREATE INDEX dead_letters_group ON dead_letters ("group", dead_at, id);
CREATE INDEX dead_letters_state ON dead_letters (state, dead_at, id);
CREATE INDEX dead_letters_reason ON dead_letters (reason, dead_at, id);
CREATE INDEX dead_letters_event_id ON dead_letters (event_id);
CREATE INDEX dead_letters_purge ON dead_letters (purge_at) WHERE purge_at IS NOT NULL;

-- count: those in state dead; total: failures ever; kept: dead letters in whatever state.
CREATE TABLE groups (
    id TEXT PRIMARY KEY,
    "trigger" TEXT NOT NULL,
    sink TEXT NOT NULL,
    class TEXT NOT NULL,
    status INTEGER,
    reason TEXT NOT NULL,
    pattern TEXT NOT NULL,
    count INTEGER NOT NULL,
    total INTEGER NOT NULL,
    kept INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    example TEXT NOT NULL
) STRICT;
CREATE INDEX groups_latest ON groups (last_at, id) WHERE count > 0;
CREATE INDEX groups_trigger ON groups ("trigger", last_at, id) WHERE count > 0;

CREATE TABLE desk (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    dead_letters INTEGER NOT NULL,
    bytes INTEGER NOT NULL
) STRICT;
INSERT INTO desk (id, dead_letters, bytes) VALUES (1, 0, 0);

-- A group cannot get out of step with its dead letters: whatever writes them goes by here.
CREATE TRIGGER dead_letters_added AFTER INSERT ON dead_letters
BEGIN
    INSERT INTO groups
    VALUES (NEW."group", NEW."trigger", NEW.sink, NEW.class, NEW.status, NEW.reason, NEW.pattern,
            NEW.state = 'dead', 1, 1, NEW.dead_at, NEW.dead_at, NEW.id)
    ON CONFLICT (id) DO UPDATE SET
        count = count + excluded.count, total = total + 1, kept = kept + 1,
        example = iif(excluded.last_at >= last_at, excluded.example, example),
        first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at);
    UPDATE desk SET dead_letters = dead_letters + 1, bytes = bytes + NEW.bytes;
END;

-- Written again after a redrive failed: a move touches moved_at, this one dead_at.
CREATE TRIGGER dead_letters_again AFTER UPDATE OF dead_at ON dead_letters
BEGIN
    INSERT INTO groups
    VALUES (NEW."group", NEW."trigger", NEW.sink, NEW.class, NEW.status, NEW.reason, NEW.pattern,
            NEW.state = 'dead', 1, 1, NEW.dead_at, NEW.dead_at, NEW.id)
    ON CONFLICT (id) DO UPDATE SET
        count = count + excluded.count, total = total + 1, kept = kept + 1,
        example = iif(excluded.last_at >= last_at, excluded.example, example),
        first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at);
    UPDATE groups SET count = count - (OLD.state = 'dead'), kept = kept - 1
    WHERE id = OLD."group";
    DELETE FROM groups WHERE id = OLD."group" AND kept = 0;
    UPDATE groups SET example = (
        SELECT letter.id FROM dead_letters AS letter WHERE letter."group" = OLD."group"
        ORDER BY letter.dead_at DESC, letter.id DESC LIMIT 1)
    WHERE id = OLD."group" AND OLD."group" != NEW."group" AND example = OLD.id;
    UPDATE desk SET bytes = bytes + NEW.bytes - OLD.bytes;
END;

CREATE TRIGGER dead_letters_moved AFTER UPDATE OF moved_at ON dead_letters
BEGIN
    UPDATE groups SET count = count + (NEW.state = 'dead') - (OLD.state = 'dead')
    WHERE id = NEW."group";
END;

CREATE TRIGGER dead_letters_forgotten AFTER DELETE ON dead_letters
BEGIN
    UPDATE groups SET count = count - (OLD.state = 'dead'), kept = kept - 1
    WHERE id = OLD."group";
    DELETE FROM groups WHERE id = OLD."group" AND kept = 0;
    UPDATE groups SET example = (
        SELECT letter.id FROM dead_letters AS letter WHERE letter."group" = OLD."group"
        ORDER BY letter.dead_at DESC, letter.id DESC LIMIT 1)
    WHERE id = OLD."group" AND example = OLD.id;
    UPDATE desk SET dead_letters = dead_letters - 1, bytes = bytes - OLD.bytes;
END;
