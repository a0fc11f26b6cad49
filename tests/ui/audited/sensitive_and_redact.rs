use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(redact, sensitive)]
    api_token: String,
}

fn main() {}
