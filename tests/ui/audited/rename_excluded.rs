use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(exclude, rename = "pass")]
    password: String,
}

fn main() {}
