use audit_core::Audited;

#[derive(Audited)]
#[audit(bound = T: Clone)]
struct Incident<T> {
    at: T,
}

#[derive(Audited)]
#[audit(bound = "T Clone")]
struct Note<T> {
    at: T,
}

fn main() {}
