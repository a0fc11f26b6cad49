use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(redact, truncate = 10)]
    a: String,
    #[audit(mask = last_four, truncate = 10)]
    b: String,
    #[audit(hash, truncate = 10)]
    c: String,
    #[audit(nested, truncate = 10)]
    d: String,
    #[audit(set, truncate = 10)]
    e: Vec<u8>,
}

fn main() {}
