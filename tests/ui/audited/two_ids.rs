use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(id)]
    id: u64,
    #[audit(id)]
    number: u64,
    #[audit(id)]
    key: u64,
}

fn main() {}
