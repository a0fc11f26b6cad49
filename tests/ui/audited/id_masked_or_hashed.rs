use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(id, mask = last_four)]
    id: String,
    #[audit(name, hash)]
    email: String,
}

fn main() {}
