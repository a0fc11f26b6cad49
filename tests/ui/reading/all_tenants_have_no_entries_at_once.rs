//! All tenants are read one log at a time.

use audit_core::{AuditContext, Auditor, MemoryStore};

fn main() {
    let auditor = Auditor::new(MemoryStore::new());
    let all = AuditContext::new("operations").scope(|| auditor.all_tenants("review"));
    let _ = all.unwrap().entries();
}
