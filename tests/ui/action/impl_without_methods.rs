use audit_core::audit_action;

struct Desk;

#[audit_action(entity_type = "incident")]
impl Desk {
    fn close(&self) {}
}

fn main() {
    Desk.close();
}
