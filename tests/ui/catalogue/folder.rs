use audit_core::testing::action_catalogue;

fn main() {
    let _ = action_catalogue!("sources");
    let _ = action_catalogue!("src/bin");
    let _ = action_catalogue!(sources);
}
