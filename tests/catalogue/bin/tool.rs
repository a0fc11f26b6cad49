#[audit_action]
fn main() {}
