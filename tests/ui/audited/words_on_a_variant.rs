use audit_core::Audited;

#[derive(Audited)]
enum Status {
    #[audit(exclude)]
    Open,
    #[audit(rename_all = "camelCase")]
    Closed { by_whom: String },
    #[audit(rename = "")]
    Lost,
    #[audit(rename = "a.b")]
    Merged,
}

fn main() {}
