use audit_core::Audited;

struct Hidden;

fn last_four(number: &str) -> String {
    number.to_owned()
}

fn hidden(_: &u64) -> Hidden {
    Hidden
}

#[derive(Audited)]
struct Card {
    #[audit(mask = last_four)]
    number: u64,
    #[audit(mask = hidden)]
    code: u64,
    #[audit(mask = lastfour)]
    owner: String,
}

fn main() {}
