use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(id name)]
    id: u64,
}

fn main() {}
