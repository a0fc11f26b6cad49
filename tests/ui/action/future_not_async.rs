use audit_core::audit_action;

use std::future::Future;

#[audit_action(action = "close")]
fn close() -> impl Future<Output = u8> {
    std::future::ready(1)
}

fn main() {}
