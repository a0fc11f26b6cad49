use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(tenant, redact)]
    company: String,
}

fn main() {}
