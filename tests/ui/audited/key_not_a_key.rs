use audit_core::Audited;

#[derive(Audited)]
struct Note {
    weight: f64,
}

#[derive(Audited)]
struct Incident {
    #[audit(key = "weight")]
    notes: Vec<Note>,
}

fn main() {}
