use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(name)]
    title: String,
    #[audit(name)]
    summary: String,
}

fn main() {}
