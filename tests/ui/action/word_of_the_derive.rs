use audit_core::audit_action;

#[audit_action(action = "close", redact)]
fn close() {}

fn main() {}
