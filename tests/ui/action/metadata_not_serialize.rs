use audit_core::audit_action;

struct Reason;

#[audit_action(action = "close", metadata(reason))]
fn close(reason: Reason) {
    let _ = reason;
}

fn main() {}
