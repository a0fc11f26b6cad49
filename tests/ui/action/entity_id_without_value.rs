use audit_core::audit_action;

#[audit_action(action = "close", entity_type = "incident", entity_id)]
fn close(id: u64) {
    let _ = id;
}

fn main() {}
