use audit_core::Audited;

#[derive(Audited)]
#[audit("incident")]
struct Incident {
    #[audit("exclude")]
    password: String,
}

fn main() {}
