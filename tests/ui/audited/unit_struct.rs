use audit_core::Audited;

#[derive(Audited)]
struct Nothing;

fn main() {}
