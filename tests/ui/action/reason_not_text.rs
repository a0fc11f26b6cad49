use audit_core::audit_action;

#[audit_action(action = "close", reason = code)]
fn close(code: u32) {
    let _ = code;
}

fn main() {}
