use audit_core::Audited;

#[derive(Audited)]
struct Note {
    id: u64,
}

#[derive(Audited)]
struct Incident {
    #[audit(key = "idd")]
    notes: Vec<Note>,
    #[audit(key = "id.number")]
    others: Vec<Note>,
}

fn main() {}
