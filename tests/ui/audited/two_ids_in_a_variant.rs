use audit_core::Audited;

#[derive(Audited)]
enum Event {
    Opened(#[audit(id)] u64),
    Closed {
        #[audit(id)]
        number: u64,
        #[audit(id)]
        key: u64,
    },
}

fn main() {}
