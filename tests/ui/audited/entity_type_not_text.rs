use audit_core::Audited;

#[derive(Audited)]
#[audit(entity_type = 5)]
struct Incident {
    status: String,
}

fn main() {}
