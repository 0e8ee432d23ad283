-- The log itself, and what only its owner writes about it.
CREATE TABLE partition (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    log_id TEXT NOT NULL,
    owner_epoch INTEGER NOT NULL,
    clean INTEGER NOT NULL,
    routed INTEGER NOT NULL,
    pruned_to INTEGER NOT NULL,
    pruned_bytes INTEGER NOT NULL
) STRICT;

CREATE TABLE unclean_ends (number INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;

-- principal NULL is anonymous: most rows then cost a byte for it.
CREATE TABLE events (
    offset INTEGER PRIMARY KEY,
    stored_at INTEGER NOT NULL,
    head BLOB NOT NULL,
    data BLOB,
    principal TEXT,
    cause_offset INTEGER,
    cause_trigger TEXT
) STRICT;

-- One row per commit instead of an index entry per event: packed dedupe keys (8 bytes
-- each) and id checksums (4 bytes each). bytes_end is the running total of event bytes.
CREATE TABLE commits (
    last_offset INTEGER PRIMARY KEY,
    first_offset INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    bytes_end INTEGER NOT NULL,
    owner_epoch INTEGER NOT NULL,
    keys BLOB NOT NULL,
    ids BLOB NOT NULL
) STRICT;

-- The fence costs no statement of its own: a process that lost the partition cannot append.
CREATE TRIGGER commits_fence BEFORE INSERT ON commits
WHEN NEW.owner_epoch != (SELECT owner_epoch FROM partition)
BEGIN
    SELECT RAISE(ABORT, 'fenced');
END;

CREATE TABLE cursors (
    "trigger" TEXT PRIMARY KEY,
    offset INTEGER NOT NULL,
    settled TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE revisions (
    "trigger" TEXT NOT NULL,
    number INTEGER NOT NULL,
    from_offset INTEGER NOT NULL,
    spec BLOB NOT NULL,
    applied_at INTEGER NOT NULL,
    PRIMARY KEY ("trigger", number)
) STRICT;

CREATE TABLE states (
    "trigger" TEXT PRIMARY KEY,
    paused INTEGER NOT NULL,
    reason TEXT NOT NULL,
    "by" TEXT NOT NULL,
    since INTEGER
) STRICT;

CREATE TABLE counts (
    "trigger" TEXT PRIMARY KEY,
    matched INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    discarded INTEGER NOT NULL,
    redelivered INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE records (
    key TEXT PRIMARY KEY,
    value BLOB NOT NULL,
    revision INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    "by" TEXT NOT NULL,
    verb TEXT NOT NULL,
    detail TEXT NOT NULL,
    count INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT;
