//! Reading starts from a tenant.

use audit_core::{Auditor, MemoryStore};

fn main() {
    let auditor = Auditor::new(MemoryStore::new());
    let _ = auditor.entries();
}
