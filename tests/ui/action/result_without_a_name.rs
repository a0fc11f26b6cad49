use audit_core::audit_action;

#[audit_action(action = "open", entity_type = "incident", result(entity_id = 1))]
fn open() {}

fn main() {}
