#![deny(warnings)]

use audit_core::{Audited, audit_action};

#[derive(Clone, Debug, PartialEq, serde::Serialize, Audited)]
#[serde(rename_all = "camelCase")]
struct Incident {
    #[cfg(not(all()))]
    #[audit(id)]
    number: Nothing,
    #[cfg(all())]
    #[audit(id)]
    number: u64,
    /// Documented, and named so by serde only.
    #[serde(rename = "state", skip_serializing_if = "String::is_empty")]
    status: String,
    #[cfg_attr(all(), audit(exclude))]
    password: String,
}

#[deprecated]
#[derive(PartialEq, serde::Serialize)]
struct Old;

#[allow(deprecated)]
#[derive(Audited)]
struct Holder {
    old: Old,
}

/// Closes it.
#[inline]
#[must_use = "it says whether it was open"]
#[audit_action(action = "close")]
#[cfg(all())]
fn close(#[cfg(all())] id: u64, #[allow(unused)] hidden: u8) -> bool {
    #![allow(unused_variables)]
    let unused = 1;
    id > 0
}

#[audit_action(action = "close")]
#[allow(dead_code)]
#[cfg(not(all()))]
fn gone(nothing: Nothing) {}

fn main() {
    let incident = Incident {
        number: 1,
        status: String::new(),
        password: String::new(),
    };
    drop(audit_core::diff(&incident, &incident));
    #[allow(deprecated)]
    let holder = Holder { old: Old };
    drop(audit_core::diff(&holder, &holder));
    assert!(close(1, 2));
}
