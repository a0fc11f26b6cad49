use audit_core::audit_action;

struct Company;

#[audit_action(action = "suspend", tenant = company)]
fn suspend(company: &Company) {
    let _ = company;
}

fn main() {}
