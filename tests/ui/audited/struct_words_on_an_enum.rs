use audit_core::Audited;

#[derive(Audited)]
#[audit(include(by), tenant = by)]
enum Status {
    Open,
    Closed { by: String },
}

fn main() {}
