CREATE TABLE audit_tenant (
    n INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    handle BLOB NOT NULL
) STRICT;

CREATE TABLE audit_actor (
    tenant INTEGER NOT NULL,
    n INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    key ANY NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (tenant, n)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX audit_actor_value ON audit_actor (tenant, kind, key, name);

CREATE TABLE audit_verb (
    tenant INTEGER NOT NULL,
    n INTEGER NOT NULL,
    action TEXT NOT NULL,
    entity_type TEXT NOT NULL,
    PRIMARY KEY (tenant, n)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX audit_verb_value ON audit_verb (tenant, action, entity_type);

CREATE TABLE audit_entity (
    tenant INTEGER NOT NULL,
    n INTEGER NOT NULL,
    type TEXT NOT NULL,
    key ANY NOT NULL,
    PRIMARY KEY (tenant, n)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX audit_entity_value ON audit_entity (tenant, key, type);

CREATE TABLE audit_label (
    tenant INTEGER NOT NULL,
    n INTEGER NOT NULL,
    entity INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (tenant, n)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX audit_label_value ON audit_label (tenant, entity, name);

CREATE TABLE audit_agent (
    tenant INTEGER NOT NULL,
    n INTEGER NOT NULL,
    agent TEXT NOT NULL,
    PRIMARY KEY (tenant, n)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX audit_agent_value ON audit_agent (tenant, agent);

CREATE TABLE audit_shape (
    tenant INTEGER NOT NULL,
    n INTEGER NOT NULL,
    fields TEXT NOT NULL,
    PRIMARY KEY (tenant, n)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX audit_shape_value ON audit_shape (tenant, fields);

CREATE TABLE audit_entry (
    seq INTEGER PRIMARY KEY,
    tenant INTEGER NOT NULL,
    idx INTEGER NOT NULL,
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
    truncated TEXT
) STRICT;
CREATE UNIQUE INDEX audit_entry_index ON audit_entry (tenant, idx, verb, actor, entity);
CREATE UNIQUE INDEX audit_entry_id ON audit_entry (id, tenant);
CREATE INDEX audit_entry_operation ON audit_entry (tenant, operation) WHERE operation IS NOT NULL;
CREATE INDEX audit_entry_request ON audit_entry (tenant, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX audit_entry_outcome ON audit_entry (tenant, outcome) WHERE outcome <> 0;
CREATE INDEX audit_entry_severity ON audit_entry (tenant, severity) WHERE severity <> 0;

CREATE TABLE audit_span (
    tenant INTEGER NOT NULL,
    block INTEGER NOT NULL,
    min_time INTEGER NOT NULL,
    max_time INTEGER NOT NULL,
    PRIMARY KEY (tenant, block)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_tally (
    tenant INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    number INTEGER NOT NULL,
    block INTEGER NOT NULL,
    first INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    places BLOB,
    PRIMARY KEY (tenant, kind, number, block)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_posting (
    tenant INTEGER NOT NULL,
    entity INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (tenant, entity, seq)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
