use audit_core::audit_action;

#[audit_action(action = "close", entitytype = "incident", entity_id = id)]
fn close(id: u64) {
    let _ = id;
}

fn main() {}
