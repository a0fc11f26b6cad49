use audit_core::Audited;

#[derive(PartialEq, serde::Serialize)]
enum Status {
    Open,
    Closed,
}

#[derive(Audited)]
struct Person {
    #[audit(hash)]
    is_member: bool,
    #[audit(hash)]
    status: Status,
}

fn main() {}
