use audit_core::audit_action;

struct DeskError;

#[audit_action(action = "close", strict, attempt)]
fn close() -> Result<(), DeskError> {
    Ok(())
}

fn main() {}
