use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(redact, redact)]
    api_token: String,
}

fn main() {}
