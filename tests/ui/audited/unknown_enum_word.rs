use audit_core::Audited;

#[derive(Audited)]
#[audit(rename_al = "lowercase")]
enum Status {
    #[audit(renam = "new")]
    Open,
    Closed {
        #[audit(sensitve)]
        by: String,
    },
}

fn main() {}
