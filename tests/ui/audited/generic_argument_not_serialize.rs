use audit_core::{Audited, Auditor, MemoryStore};

#[derive(PartialEq)]
struct Place;

#[derive(Audited)]
struct Incident<T> {
    at: T,
}

fn main() {
    let auditor = Auditor::new(MemoryStore::new());
    drop(auditor.created(&Incident { at: Place }));
}
