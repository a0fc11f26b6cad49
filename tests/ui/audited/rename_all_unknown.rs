use audit_core::Audited;

#[derive(Audited)]
#[audit(rename_all = "snakecase")]
struct Incident {
    first_name: String,
}

fn main() {}
