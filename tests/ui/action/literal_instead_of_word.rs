use audit_core::audit_action;

#[audit_action("close")]
fn close() {}

fn main() {}
