use audit_core::Audited;

#[derive(Audited)]
struct Pair(u64, String);

fn main() {}
