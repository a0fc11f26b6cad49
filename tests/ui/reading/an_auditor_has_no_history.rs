//! A record has its history in one tenant's log.

use audit_core::{Auditor, MemoryStore};

fn main() {
    let auditor = Auditor::new(MemoryStore::new());
    let _ = auditor.history("incident", 7);
}
