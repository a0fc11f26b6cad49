use audit_core::audit_action;

#[audit_action]
fn close() {}

fn main() {}
