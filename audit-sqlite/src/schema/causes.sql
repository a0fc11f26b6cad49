-- Begins with the cause and not with the tenant, as the index of ids does: causes are recent entries, so that it
-- grows at its end.
CREATE INDEX audit_entry_cause ON audit_entry (cause, tenant) WHERE cause IS NOT NULL;
