use audit_core::Audited;

#[derive(Audited)]
struct Incident {
    #[audit(exclude, sensitive)]
    a: String,
    #[audit(mask = last_four, exclude)]
    b: String,
    #[audit(exclude, truncate = 3)]
    c: String,
}

fn main() {}
