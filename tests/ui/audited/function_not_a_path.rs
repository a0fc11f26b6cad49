use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(mask = "last_four")]
    card: String,
    #[audit(with = |time| time.to_string())]
    at: u64,
    #[audit(compare = |a, b| a == b)]
    load: f64,
    #[audit(mask = last_four(3))]
    iban: String,
}

fn main() {}
