use audit_core::audit_action;

#[audit_action(action = "close", strict)]
fn close() {}

#[audit_action(action = "close", strict)]
async fn close_later() -> Option<u8> {
    None
}

fn main() {}
