use audit_core::audit_action;

#[audit_action(acton = "close")]
fn close() -> u8 {
    1
}

fn caller() -> u8 {
    close()
}

fn main() {}
