use audit_core::audit_action;

#[audit_action(action = "close")]
fn close(text: &str) -> u8 {
    text.parse::<u8>()?
}

fn main() {}
