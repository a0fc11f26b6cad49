use audit_core::audit_action;

#[audit_action(action = "close", entity_type = "incident", entity_name = title)]
fn close(title: Vec<u8>) {
    let _ = title;
}

fn main() {}
