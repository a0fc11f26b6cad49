use audit_core::audit_action;

#[audit_action(severity = "hi", none = 5, before = 1, result(|| entity_id = 1), skip_if = f()?)]
fn close_all_incidents() {}

fn main() {}
