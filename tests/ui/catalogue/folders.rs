use audit_core::testing::action_catalogue;

fn main() {
    let _ = action_catalogue!("sources");
    let _ = action_catalogue!("gone.rs", "src", "src/gone");
    let _ = action_catalogue!(sources);
    let _ = action_catalogue!(crate = audit_core "src");
}
