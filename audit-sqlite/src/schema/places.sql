-- Where each entry of a tenant's log stands, instead of an index, which costs a commit a page: written for 256
-- entries of the log at a time, as `audit_lookup` is.
CREATE TABLE audit_place (
    tenant INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    verb INTEGER NOT NULL,
    actor INTEGER NOT NULL,
    entity INTEGER,
    PRIMARY KEY (tenant, idx, seq)
) STRICT, WITHOUT ROWID;

-- Where each full block of the whole log ends: its next entry is not in it.
CREATE TABLE audit_block (
    open INTEGER PRIMARY KEY
) STRICT, WITHOUT ROWID;
INSERT INTO audit_block (open) SELECT coalesce((max(seq) + 1) / 256 * 256, 0) FROM audit_entry;

INSERT INTO audit_place (tenant, idx, seq, verb, actor, entity)
    SELECT tenant, idx, seq, verb, actor, entity FROM audit_entry
    WHERE seq < (SELECT open FROM audit_block)
    ORDER BY tenant, idx;

-- Numbers that another program has left out were looked up by nobody.
INSERT OR IGNORE INTO audit_lookup (kind, value, tenant, seq)
    SELECT 0, id, tenant, seq FROM audit_entry WHERE seq < (SELECT open FROM audit_block)
    UNION ALL
    SELECT 1, operation, tenant, seq FROM audit_entry
        WHERE seq < (SELECT open FROM audit_block) AND operation IS NOT NULL
    UNION ALL
    SELECT 2, request_id, tenant, seq FROM audit_entry
        WHERE seq < (SELECT open FROM audit_block) AND request_id IS NOT NULL
    UNION ALL
    SELECT 3, cause, tenant, seq FROM audit_entry
        WHERE seq < (SELECT open FROM audit_block) AND cause IS NOT NULL;

DROP INDEX audit_entry_index;
DROP VIEW audit_log;
