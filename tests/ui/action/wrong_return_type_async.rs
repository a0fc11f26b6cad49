use audit_core::audit_action;

#[audit_action(action = "close")]
async fn close() -> String {
    5
}

fn main() {}
