use audit_core::audit_action;

#[audit_action(action = "close", entity_type = "incident", entity_id = id?)]
fn close(id: Option<u64>) -> Option<u64> {
    id
}

fn main() {}
