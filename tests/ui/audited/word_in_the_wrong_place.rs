use audit_core::Audited;

#[derive(Audited)]
#[audit(id)]
struct Incident {
    #[audit(entity_type = "incident")]
    id: u64,
}

fn main() {}
