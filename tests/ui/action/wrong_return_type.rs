use audit_core::audit_action;

#[audit_action(action = "close")]
fn close() -> String {
    5
}

fn main() {}
