use audit_core::Audited;

#[derive(PartialEq)]
struct Tag;

#[derive(Audited)]
struct Incident {
    #[audit(set)]
    level: u8,
    #[audit(set)]
    tags: Vec<Tag>,
}

fn main() {}
