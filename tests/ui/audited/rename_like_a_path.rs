use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(rename = "location.city")]
    city: String,
    #[audit(rename = "notes[7]")]
    note: String,
}

fn main() {}
