-- What entries are looked up by, instead of four indexes, each of which costs a commit a page: written for 256
-- entries of the log at a time, whichever tenants they are of. Those behind the last full 256 are looked at one
-- by one. Begins with the value and not with the tenant: ids, and what names one, are recent, so that it grows at
-- few ends.
CREATE TABLE audit_lookup (
    kind INTEGER NOT NULL,
    value ANY NOT NULL,
    tenant INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (kind, value, tenant, seq)
) STRICT, WITHOUT ROWID;

INSERT INTO audit_lookup (kind, value, tenant, seq)
    SELECT 0, id, tenant, seq FROM audit_entry WHERE seq < (SELECT (max(seq) + 1) / 256 * 256 FROM audit_entry)
    UNION ALL
    SELECT 1, operation, tenant, seq FROM audit_entry
        WHERE seq < (SELECT (max(seq) + 1) / 256 * 256 FROM audit_entry) AND operation IS NOT NULL
    UNION ALL
    SELECT 2, request_id, tenant, seq FROM audit_entry
        WHERE seq < (SELECT (max(seq) + 1) / 256 * 256 FROM audit_entry) AND request_id IS NOT NULL
    UNION ALL
    SELECT 3, cause, tenant, seq FROM audit_entry
        WHERE seq < (SELECT (max(seq) + 1) / 256 * 256 FROM audit_entry) AND cause IS NOT NULL
    ORDER BY 1, 2, 3, 4;

DROP INDEX audit_entry_id;
DROP INDEX audit_entry_operation;
DROP INDEX audit_entry_request;
DROP INDEX audit_entry_cause;
