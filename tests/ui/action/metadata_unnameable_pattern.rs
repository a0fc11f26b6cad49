use audit_core::audit_action;

struct Range {
    from: u32,
    to: u32,
}

// A parameter that is taken apart has no name of its own: its parts have.
#[audit_action(action = "move", metadata(range, from))]
fn shift(Range { from, to }: Range, (x, _): (u32, u32)) {
    let _ = (from, to, x);
}

#[audit_action(action = "drop", metadata(_0))]
fn forget(_: u32) {}

fn main() {
    shift(Range { from: 1, to: 2 }, (3, 4));
    forget(5);
}
