use audit_core::Audited;

#[derive(Audited)]
#[audit(tenant = compny)]
struct Incident {
    company: String,
    status: String,
}

fn main() {}
