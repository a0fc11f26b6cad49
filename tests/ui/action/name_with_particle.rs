use audit_core::audit_action;

#[audit_action]
fn log_in() {}

fn main() {}
