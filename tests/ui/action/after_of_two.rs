use audit_core::audit_action;

#[audit_action(action = "close", before = 1, after = |a, b| a + b)]
fn close() {}

fn main() {}
