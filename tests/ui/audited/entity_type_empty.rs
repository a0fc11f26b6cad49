use audit_core::Audited;

#[derive(Audited)]
#[audit(entity_type = "")]
struct Incident {
    status: String,
}

fn main() {}
