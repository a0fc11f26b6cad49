use audit_core::Audited;

#[derive(Audited)]
#[audit(include(title))]
struct Incident {
    #[audit(id)]
    id: u64,
    title: String,
    #[audit(redact)]
    api_token: String,
}

fn main() {}
