use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit]
    status: String,
}

fn main() {}
