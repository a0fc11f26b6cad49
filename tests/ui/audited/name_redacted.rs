use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(name, redact)]
    title: String,
}

fn main() {}
