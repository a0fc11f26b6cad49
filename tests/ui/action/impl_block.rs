use audit_core::audit_action;

struct Desk;

#[audit_action(action = "close")]
impl Desk {
    fn close(&self) {}
}

fn main() {}
