use audit_core::Audited;

#[derive(PartialEq)]
struct Status;

#[derive(Audited)]
struct Incident {
    status: Status,
}

fn main() {}
