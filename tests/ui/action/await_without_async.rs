use audit_core::audit_action;

#[audit_action(action = "close", skip_if = is_dry().await)]
fn close() {}

async fn is_dry() -> bool {
    true
}

fn main() {}
