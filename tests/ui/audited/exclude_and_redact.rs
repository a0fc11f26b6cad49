use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(exclude, redact)]
    password: String,
}

fn main() {}
