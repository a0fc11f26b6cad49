use audit_core::Audited;

#[derive(Audited)]
#[audit(exhaustive)]
struct Incident {
    #[audit(id)]
    id: u64,
    #[audit(track)]
    title: String,
    status: String,
    #[audit(exlude)]
    password: String,
}

#[derive(Audited)]
#[audit(exhaustive)]
enum Status {
    Open,
    Merged(u64),
    Closed { by: String },
}

fn main() {}
