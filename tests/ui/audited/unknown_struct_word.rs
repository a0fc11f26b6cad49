use audit_core::Audited;

#[derive(Audited)]
#[audit(entitytype = "incident")]
struct Incident {
    status: String,
}

fn main() {}
