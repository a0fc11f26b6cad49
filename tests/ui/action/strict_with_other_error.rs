use audit_core::audit_action;

struct DeskError;

#[audit_action(action = "close", strict)]
fn close() -> Result<(), DeskError> {
    Ok(())
}

#[audit_action(action = "close", strict)]
async fn close_later() -> Result<(), DeskError> {
    Ok(())
}

fn main() {}
