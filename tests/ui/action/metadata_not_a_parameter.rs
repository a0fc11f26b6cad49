use audit_core::audit_action;

#[audit_action(action = "close", metadata(reasn))]
fn close(reason: &str) {
    let _ = reason;
}

fn main() {}
