use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(mask = last_four, hash)]
    card: String,
    #[audit(track, nested)]
    place: String,
    #[audit(key = "id", set)]
    notes: Vec<u8>,
}

fn main() {}
