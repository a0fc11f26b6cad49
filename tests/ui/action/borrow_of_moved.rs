use audit_core::audit_action;

#[audit_action(action = "close", metadata(reason))]
fn close(reason: String) -> usize {
    drop(reason);
    reason.len()
}

fn main() {}
