use audit_core::Audited;

#[derive(Audited)]
struct AnIncidentWhoseNameGoesOnAndOnUntilItNoLongerFitsTheColumn {
    status: String,
}

fn main() {}
