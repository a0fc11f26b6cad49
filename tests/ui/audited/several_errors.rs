use audit_core::Audited;

#[derive(Audited)]
#[audit(entity_type = 5, krate = audit_core)]
struct Incident {
    #[audit(id, exlude)]
    id: u64,
    #[audit(id = true)]
    #[audit(redact, exclude)]
    password: String,
    #[audit(rename = "")]
    status: String,
    #[audit(rename = "id")]
    number: u64,
}

fn main() {}
