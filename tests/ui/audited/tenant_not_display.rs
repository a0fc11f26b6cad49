use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(tenant)]
    company: Vec<u8>,
}

fn main() {}
