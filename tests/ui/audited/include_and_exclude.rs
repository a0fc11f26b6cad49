use audit_core::Audited;

#[derive(Audited)]
#[audit(include(title, password))]
struct Incident {
    title: String,
    #[audit(exclude)]
    password: String,
}

fn main() {}
