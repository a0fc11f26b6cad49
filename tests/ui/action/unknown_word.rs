use audit_core::audit_action;

#[audit_action(action = "close", entitytype = "incident")]
fn close() {}

fn main() {}
