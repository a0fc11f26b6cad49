-- Entries that wait to be brought into the audit log, which is in another file.
CREATE TABLE IF NOT EXISTS audit_outbox (
    n INTEGER PRIMARY KEY,
    format INTEGER NOT NULL,
    id BLOB NOT NULL,
    entry TEXT NOT NULL
) STRICT, WITHOUT ROWID;
