use audit_core::audit_action;

use std::{future::Future, pin::Pin};

#[audit_action(action = "close")]
fn close() -> Result<Pin<Box<dyn Future<Output = u8>>>, String> {
    Ok(Box::pin(async { 1 }))
}

fn main() {}
