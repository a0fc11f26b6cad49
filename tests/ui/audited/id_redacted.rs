use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(id, redact)]
    id: u64,
}

fn main() {}
