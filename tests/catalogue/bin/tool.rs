#[audit_action]
fn main() {}

// rustc would refuse it, and nobody waits for ever.
#[path = "tool.rs"]
mod again;
