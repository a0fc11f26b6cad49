ALTER TABLE audit_entry ADD COLUMN sensitive TEXT;

-- Not the log, but what has not become a part of it yet: rows come when an action begins and go
-- when it ends, so that no trigger keeps them. They hold what an entry holds, but no index.
CREATE TABLE audit_attempt (
    seq INTEGER PRIMARY KEY,
    tenant INTEGER NOT NULL,
    store BLOB NOT NULL,
    id BLOB NOT NULL,
    time INTEGER NOT NULL,
    recorded INTEGER NOT NULL,
    verb INTEGER NOT NULL,
    actor INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    entity INTEGER,
    label INTEGER,
    shape INTEGER,
    request_id ANY,
    operation BLOB,
    ip ANY,
    agent INTEGER,
    request_data TEXT,
    changes TEXT,
    metadata TEXT,
    duration INTEGER,
    cause BLOB,
    principal INTEGER,
    reason TEXT,
    error_class TEXT,
    error_text TEXT,
    truncated TEXT,
    sensitive TEXT
) STRICT;
CREATE UNIQUE INDEX audit_attempt_id ON audit_attempt (tenant, id);

DROP VIEW audit_log;
