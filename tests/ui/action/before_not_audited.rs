use audit_core::audit_action;

#[derive(Clone)]
struct Desk;

impl Desk {
    #[audit_action(action = "close", before = self.clone(), after = self)]
    fn close(&mut self) {}
}

fn main() {}
