-- One row that is written to with the value that it has: that counts a change and dirties no page.
CREATE TABLE IF NOT EXISTS audit_changes (
    n INTEGER PRIMARY KEY,
    x INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO audit_changes (n, x) VALUES (1, 0);
