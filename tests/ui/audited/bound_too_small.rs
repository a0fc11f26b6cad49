use audit_core::Audited;

#[derive(Audited)]
#[audit(bound = "T: PartialEq")]
struct Incident<T> {
    at: T,
}

fn main() {}
