use audit_core::audit_action;

#[audit_action(action = "close", entity_id = id)]
fn close(id: u64) {
    let _ = id;
}

fn main() {}
