use audit_core::Audited;

#[derive(Audited)]
#[audit(rename_all = "lowercase")]
enum Status {
    Open,
    #[audit(rename = "open")]
    Reopened,
    Closed { by: String, #[audit(rename = "by")] whom: String },
}

fn main() {}
