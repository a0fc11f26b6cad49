use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(exclude = true)]
    password: String,
}

fn main() {}
