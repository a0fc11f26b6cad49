use audit_core::Audited;

#[derive(Audited)]
#[audit(include(title), exhaustive)]
struct Incident {
    title: String,
    status: String,
}

fn main() {}
