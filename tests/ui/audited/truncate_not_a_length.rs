use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(truncate = 0)]
    a: String,
    #[audit(truncate = "200")]
    b: String,
    #[audit(truncate)]
    c: String,
}

fn main() {}
