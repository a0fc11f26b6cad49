use audit_core::audit_action;

struct DeskError;

struct StoreError;

fn store() -> Result<(), StoreError> {
    Err(StoreError)
}

#[audit_action(action = "close")]
fn close() -> Result<(), DeskError> {
    store()?;
    Ok(())
}

#[audit_action(action = "close")]
async fn close_later() -> Result<(), DeskError> {
    store()?;
    Ok(())
}

fn main() {}
