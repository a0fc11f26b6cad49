use audit_core::Audited;

struct Token;

#[derive(Audited)]
struct Incident {
    #[audit(redact)]
    api_token: Token,
}

fn main() {}
