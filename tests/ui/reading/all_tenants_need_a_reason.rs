//! Reading across tenants says why.

use audit_core::{Auditor, MemoryStore};

fn main() {
    let auditor = Auditor::new(MemoryStore::new());
    let _ = auditor.all_tenants();
}
