use audit_core::audit_action;

#[audit_action(entity_type = "incident")]
fn close_note() {}

fn main() {}
