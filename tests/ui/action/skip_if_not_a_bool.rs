use audit_core::audit_action;

#[audit_action(action = "close", skip_if = dry_run)]
fn close(dry_run: Option<bool>) {
    let _ = dry_run;
}

fn main() {}
