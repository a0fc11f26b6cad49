use audit_core::audit_action;

#[audit_action(action = "close", before = 1)]
fn close() {}

#[audit_action(action = "close", after = 1)]
fn close_later() {}

fn main() {}
