use audit_core::audit_action;

#[audit_action]
fn reopen_stale_incident() {}

fn main() {}
