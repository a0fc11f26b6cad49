use audit_core::Audited;

#[derive(Audited)]
enum Status {
    Open,
    Closed,
}

fn main() {}
