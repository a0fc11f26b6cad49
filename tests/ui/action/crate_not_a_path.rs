use audit_core::audit_action;

#[audit_action(action = "close", crate = 5)]
fn close() {}

fn main() {}
