use audit_core::Audited;

#[derive(Audited)]
#[audit(include(titel, stats, title, title))]
struct Incident {
    title: String,
    status: String,
}

fn main() {}
