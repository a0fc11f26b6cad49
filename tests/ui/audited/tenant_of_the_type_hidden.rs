use audit_core::Audited;

#[derive(Audited)]
#[audit(tenant = company)]
struct Incident {
    #[audit(hash)]
    company: String,
}

fn main() {}
