use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(rename = "")]
    status: String,
}

fn main() {}
