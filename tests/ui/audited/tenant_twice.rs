use audit_core::Audited;

#[derive(Audited)]
#[audit(tenant = company)]
struct Incident {
    company: String,
    #[audit(tenant)]
    customer: String,
    #[audit(tenant)]
    workspace: String,
}

fn main() {}
