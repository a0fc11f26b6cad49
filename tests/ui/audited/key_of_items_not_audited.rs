use audit_core::Audited;

struct Note {
    id: u64,
}

#[derive(Audited)]
struct Incident {
    #[audit(key = "id")]
    notes: Vec<Note>,
}

fn main() {}
