use audit_core::Audited;

struct Place;

#[derive(Audited)]
struct Incident {
    #[audit(nested)]
    location: Option<Place>,
}

#[derive(Audited)]
enum Status {
    At(#[audit(nested)] Place),
}

fn main() {}
