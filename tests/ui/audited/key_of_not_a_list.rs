use audit_core::Audited;

#[derive(Audited)]
struct Note {
    id: u64,
}

#[derive(Audited)]
struct Incident {
    #[audit(key = "id")]
    note: Note,
}

fn main() {}
