use audit_core::audit_action;

#[audit_action(action = "close", entity_name = title)]
fn close(title: &str) {
    let _ = title;
}

fn main() {}
