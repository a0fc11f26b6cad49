use audit_core::audit_action;

#[audit_action(action = "an_action_that_goes_on_and_on_until_it_does_not_fit")]
fn close() {}

fn main() {}
