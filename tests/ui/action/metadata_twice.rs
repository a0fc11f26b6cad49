use audit_core::audit_action;

#[audit_action(action = "close", metadata(reason, "reason" = 1))]
fn close(reason: &str) {
    let _ = reason;
}

fn main() {}
