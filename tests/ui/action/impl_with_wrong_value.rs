use audit_core::audit_action;

struct Desk {
    company: f64,
}

#[audit_action(entity_type = "incident", tenant = self.company)]
impl Desk {
    #[audit_action]
    fn close(&self) {}
}

fn main() {}
