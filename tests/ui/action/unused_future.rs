#![deny(unused_must_use)]

use audit_core::audit_action;

#[audit_action(action = "close")]
async fn close() {}

#[audit_action(action = "open")]
#[must_use]
fn open() -> u8 {
    1
}

fn main() {
    close();
    open();
}
