use audit_core::Audited;

#[derive(Audited)]
#[audit(tenant = "company")]
struct Incident {
    company: String,
}

fn main() {}
