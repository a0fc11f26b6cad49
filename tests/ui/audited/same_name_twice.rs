use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    status: String,
    #[audit(rename = "status")]
    state: String,
}

fn main() {}
