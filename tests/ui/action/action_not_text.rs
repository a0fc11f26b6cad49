use audit_core::audit_action;

#[audit_action(action = CLOSE)]
fn close() {}

fn main() {}
