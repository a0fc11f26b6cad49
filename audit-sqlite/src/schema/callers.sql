-- For writing on the connection of a caller, whose `last_insert_rowid()` and `changes()` stay as
-- they were. A trigger restores the one when it ends, and an insert into a view counts no change.
CREATE VIEW audit_entry_in AS SELECT
    tenant, idx, id, time, recorded, verb, actor, outcome, severity, entity, label, shape,
    request_id, operation, ip, agent, request_data, changes, metadata, duration, cause, principal,
    reason, error_class, error_text, truncated, sensitive
FROM audit_entry;
CREATE TRIGGER audit_entry_in_insert INSTEAD OF INSERT ON audit_entry_in BEGIN
    INSERT INTO audit_entry (
        tenant, idx, id, time, recorded, verb, actor, outcome, severity, entity, label, shape,
        request_id, operation, ip, agent, request_data, changes, metadata, duration, cause,
        principal, reason, error_class, error_text, truncated, sensitive
    ) VALUES (
        new.tenant, new.idx, new.id, new.time, new.recorded, new.verb, new.actor, new.outcome,
        new.severity, new.entity, new.label, new.shape, new.request_id, new.operation, new.ip,
        new.agent, new.request_data, new.changes, new.metadata, new.duration, new.cause,
        new.principal, new.reason, new.error_class, new.error_text, new.truncated, new.sensitive
    );
END;

CREATE VIEW audit_tenant_in AS SELECT name, handle FROM audit_tenant;
CREATE TRIGGER audit_tenant_in_insert INSTEAD OF INSERT ON audit_tenant_in BEGIN
    INSERT INTO audit_tenant (name, handle) VALUES (new.name, new.handle);
END;
