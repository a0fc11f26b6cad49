use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(exlude)]
    password: String,
}

fn main() {}
