use audit_core::audit_action;

#[audit_action(action = "wipe", severity = "critcal")]
fn wipe() {}

fn main() {}
