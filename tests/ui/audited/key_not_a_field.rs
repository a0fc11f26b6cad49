use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(key = id)]
    notes: Vec<u8>,
    #[audit(key = "id()")]
    lines: Vec<u8>,
    #[audit(key = "meta..id")]
    pairs: Vec<u8>,
}

fn main() {}
