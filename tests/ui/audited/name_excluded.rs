use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(name)]
    #[audit(exclude)]
    title: String,
}

fn main() {}
