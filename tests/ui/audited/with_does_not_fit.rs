use audit_core::Audited;

struct Shown;

fn shown(_: &f64) -> Shown {
    Shown
}

fn in_feet(metres: f64) -> f64 {
    metres * 3.28
}

#[derive(Audited)]
struct Card {
    #[audit(with = shown)]
    width: f64,
    #[audit(with = in_feet)]
    height: f64,
}

fn main() {}
