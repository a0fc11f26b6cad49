use audit_core::Audited;

#[derive(Audited)]
#[audit(crate = 5)]
struct Incident {
    status: String,
}

fn main() {}
