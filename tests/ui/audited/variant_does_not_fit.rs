use audit_core::Audited;

#[derive(PartialEq)]
struct Place;

#[derive(serde::Serialize)]
struct Person;

#[derive(Audited)]
enum Status {
    At(Place),
    By { person: Person, #[audit(id)] score: f64 },
}

fn main() {}
