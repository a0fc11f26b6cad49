use audit_core::{Audited, audit_action};

#[derive(Audited)]
struct Incident {
    #[audit(id)]
    id: u64,
}

#[derive(Audited)]
struct Note {
    #[audit(id)]
    id: u64,
}

#[audit_action(action = "close", before = Incident { id: 1 }, after = Note { id: 1 })]
fn close() {}

fn main() {}
