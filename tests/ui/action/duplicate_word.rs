use audit_core::audit_action;

#[audit_action(action = "close", action = "open")]
fn close() {}

fn main() {}
