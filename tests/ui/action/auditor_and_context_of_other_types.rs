use audit_core::audit_action;

#[audit_action(action = "close", auditor = log, context = tenant)]
fn close(log: &str, tenant: u8) {
    let _ = (log, tenant);
}

fn main() {}
