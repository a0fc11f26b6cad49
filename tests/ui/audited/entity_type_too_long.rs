use audit_core::Audited;

#[derive(Audited)]
#[audit(entity_type = "an_entity_type_that_goes_on_and_on_until_it_does_not_fit")]
struct Incident {
    status: String,
}

fn main() {}
