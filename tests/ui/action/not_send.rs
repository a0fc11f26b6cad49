use audit_core::audit_action;

use std::{future::ready, rc::Rc};

#[audit_action(action = "close")]
async fn close() {
    let count = Rc::new(1);
    ready(()).await;
    drop(count);
}

fn spawn<F: Future + Send>(_: F) {}

fn main() {
    spawn(close());
}
