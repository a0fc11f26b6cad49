use audit_core::audit_action;

#[audit_action(action = "")]
fn close() {}

fn main() {}
