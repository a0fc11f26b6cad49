use audit_core::{AuditContext, Auditor, MemoryStore};

struct Incident;

fn main() {
    let auditor = Auditor::new(MemoryStore::new());
    AuditContext::new("acme").scope(|| drop(auditor.created(&Incident).record()));
}
