use audit_core::Audited;

#[derive(serde::Serialize)]
struct Status;

#[derive(Audited)]
struct Incident {
    status: Status,
}

fn main() {}
