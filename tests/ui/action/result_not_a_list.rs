use audit_core::audit_action;

#[audit_action(action = "open", result = id)]
fn open() {}

#[audit_action(action = "open", result(|id|))]
fn open_later() {}

fn main() {}
