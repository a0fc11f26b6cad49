#[audit_action(tenant = company)]
fn archive_order(company: &str) {}
