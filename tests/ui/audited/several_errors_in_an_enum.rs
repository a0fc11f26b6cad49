use audit_core::Audited;

#[derive(Audited)]
#[audit(entity_type = "", include(by))]
enum Event {
    #[audit(nam = "new")]
    Opened(#[audit(id, redact)] u64),
    Closed {
        #[audit(hash, nested, truncate = 0)]
        by: String,
    },
}

fn main() {}
