//! What the incident desk audits, so that a change of it is seen in a review.

use std::path::Path;
use std::{env, fs};

use audit_core::testing::action_catalogue;

const EXPECTED: &str = "incident_desk/audited.txt";

#[test]
fn what_the_incident_desk_audits_is_as_reviewed() {
    let audited = action_catalogue!("incident_desk").to_string();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(EXPECTED);
    if env::var_os("AUDIT_WRITE_CATALOGUE").is_some() {
        fs::write(&path, &audited).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap();
    assert!(
        audited == expected,
        "run `AUDIT_WRITE_CATALOGUE=1 cargo test -p audit-examples --test catalogue` and read the difference in {EXPECTED}:\n{audited}"
    );
}
