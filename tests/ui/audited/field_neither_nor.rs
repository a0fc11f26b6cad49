use audit_core::Audited;

struct Status;

#[derive(Audited)]
struct Incident {
    history: Vec<Status>,
}

fn main() {}
