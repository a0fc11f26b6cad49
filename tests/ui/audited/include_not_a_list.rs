use audit_core::Audited;

#[derive(Audited)]
#[audit(include = title)]
struct Incident {
    title: String,
}

#[derive(Audited)]
#[audit(include())]
struct Note {
    text: String,
}

#[derive(Audited)]
#[audit(include("text" text))]
struct Remark {
    text: String,
}

fn main() {}
