use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(name)]
    title: Vec<u8>,
}

fn main() {}
