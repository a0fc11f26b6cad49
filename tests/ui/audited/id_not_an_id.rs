use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(id)]
    id: f64,
}

fn main() {}
