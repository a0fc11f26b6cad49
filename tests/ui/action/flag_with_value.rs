use audit_core::audit_action;

#[audit_action(action = "close", strict = true, attempt("x"), sources: 1)]
fn close() {}

fn main() {}
