use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(id, exclude)]
    id: u64,
}

fn main() {}
