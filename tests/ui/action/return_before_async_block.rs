use audit_core::audit_action;

use std::{future::Future, pin::Pin};

#[audit_action(action = "close")]
fn close(open: bool) -> Pin<Box<dyn Future<Output = u8>>> {
    if !open {
        return Box::pin(async { 0 });
    }
    Box::pin(async { 1 })
}

fn main() {}
