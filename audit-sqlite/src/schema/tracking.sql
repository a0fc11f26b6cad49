-- Tables whose row changes are captured. A row whose table was tracked anew with other columns stays
-- until the changes that were staged in its layout are taken.
CREATE TABLE audit_tracked (
    n INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    state INTEGER NOT NULL,
    options TEXT NOT NULL,
    layout TEXT NOT NULL,
    refuses INTEGER NOT NULL,
    summarize_above INTEGER,
    cursor TEXT
) STRICT, WITHOUT ROWID;

-- Not the log, but what has not become a part of it yet. Without rowid, so that the writer's
-- last_insert_rowid() and update hook see nothing of it. Tracking adds the columns v1, v2, ... for values.
CREATE TABLE audit_stage (
    n INTEGER PRIMARY KEY,
    source INTEGER NOT NULL,
    operation INTEGER NOT NULL,
    time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Rows that a REPLACE may be about to delete, as they were.
CREATE TABLE audit_displaced (
    n INTEGER PRIMARY KEY,
    source INTEGER NOT NULL,
    operation INTEGER NOT NULL,
    time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What a deleted row said of the tenant of the rows that still name it.
CREATE TABLE audit_departed (
    source INTEGER NOT NULL,
    key ANY NOT NULL,
    tenant ANY,
    PRIMARY KEY (source, key)
) STRICT, WITHOUT ROWID;
