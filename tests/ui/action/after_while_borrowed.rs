use audit_core::{Audited, audit_action};

#[derive(Audited, Clone)]
struct Desk {
    #[audit(id)]
    id: u64,
    open: Vec<String>,
}

impl Desk {
    #[audit_action(action = "touch", before = self.clone(), after = self)]
    fn touch(&mut self) -> Option<&mut String> {
        self.open.first_mut()
    }
}

fn main() {}
