use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(nested, compare = same)]
    place: String,
    #[audit(key = "id", compare = same)]
    notes: Vec<u8>,
    #[audit(set, compare = same)]
    tags: Vec<u8>,
}

fn main() {}
