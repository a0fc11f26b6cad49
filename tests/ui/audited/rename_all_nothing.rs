use audit_core::Audited;

#[derive(Audited)]
#[audit(rename_all = "camelCase")]
struct Pair(u64, String);

fn main() {}
