use audit_core::audit_action;

#[audit_action(action = "close", metadata("a.b"))]
fn close() {}

fn main() {}
