#![deny(warnings)]

use audit_core::{Audited, audit_action};

#[derive(Audited)]
#[allow(non_camel_case_types)]
struct r#struct {
    #[audit(id)]
    r#type: u64,
    r#match: String,
}

#[audit_action(action = "r#do", entity_type = "x", entity_id = r#type, metadata(r#type, r#fn = r#type + 1))]
fn r#do(r#type: u64) -> u64 {
    r#type
}

#[audit_action(action = "await", metadata(r#type))]
async fn r#await(r#type: u64) -> u64 {
    r#type
}

fn main() {
    assert_eq!(<r#struct as Audited>::ENTITY_TYPE, "struct");
    let before = r#struct {
        r#type: 1,
        r#match: "a".to_owned(),
    };
    let after = r#struct {
        r#type: 1,
        r#match: "b".to_owned(),
    };
    assert_eq!(audit_core::diff(&before, &after).unwrap().fields(), ["match"]);
    assert_eq!(r#do(1), 1);
    drop(r#await(1));
}
