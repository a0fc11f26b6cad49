//! The catalogue of a crate, and what of it a log has not seen.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use audit_core::testing::{ActionCatalogue, Captured, action_catalogue};
use audit_core::{assert_audited, audit_action};
use serde_json::json;

static FIXTURE: ActionCatalogue = action_catalogue!("catalogue");

#[test]
fn a_crate_is_listed_through_all_of_its_modules() {
    assert_eq!(
        FIXTURE.to_string(),
        "\
action    entity    severity  function                                    records
add_note  note      info      desk::notes::add                            cfg(feature = \"audit\")
archive   order     info      inline::deep::archive_order                 tenant = company
close     -         info      desk::notes::inner::<Note as Close>::close  strict; changes
close     incident  info      close_incident
escalate  incident  notice    desk::Desk::escalate                        entity_id = id; attempt; reason = why
export    report    info      background::nightly::nightly_export         skip_if = rows == 0; cfg(feature = \"nightly\")
main      -         info      tool::main
open      incident  notice    desk::Desk::open                            result entity = incident; metadata(title)
"
    );
}

#[test]
fn it_serializes_as_a_list() {
    let list = serde_json::to_value(FIXTURE).unwrap();
    assert_eq!(
        list[5],
        json!({
            "action": "export",
            "entity_type": "report",
            "function": "background::nightly::nightly_export",
            "severity": "info",
            "entity": [],
            "metadata": [],
            "words": ["skip_if = rows == 0"],
            "cfg": ["feature = \"nightly\""],
        })
    );
    assert_eq!(list.as_array().unwrap().len(), FIXTURE.actions().len());
}

#[test]
fn what_no_entry_tells_of_is_unexercised() {
    let log = Captured::new();
    let auditor = log.auditor();
    let left = || {
        let left = FIXTURE.unexercised(&log).unwrap();
        left.iter()
            .map(|listed| listed.function)
            .collect::<Vec<_>>()
    };
    assert_eq!(left().len(), FIXTURE.actions().len());
    log.context("acme").scope(|| {
        for action in ["add_note", "archive", "escalate", "export", "main", "open"] {
            auditor.log(action).record().unwrap();
        }
        auditor.log("close").entity_type("note").record().unwrap();
        auditor
            .log("open")
            .entity_type("incident")
            .record()
            .unwrap();
    });
    // The action alone is not enough where the type is known, and is where it is not.
    assert_eq!(
        left(),
        [
            "desk::notes::add",
            "inline::deep::archive_order",
            "close_incident",
            "desk::Desk::escalate",
            "background::nightly::nightly_export",
        ]
    );
}

/// The names of a catalogue are those that are recorded.
mod own {
    use super::*;

    #[audit_action(entity_type = "incident")]
    impl Desk {
        #[audit_action(entity_id = id, metadata(why), severity = "warning")]
        fn force_close_incident(&self, id: u32, why: &str) {}
    }

    struct Desk;

    #[test]
    fn what_is_listed_is_what_is_recorded() {
        let own = action_catalogue!("tests/catalogue.rs");
        let [listed] = own.actions() else {
            panic!("one action stands here: {own}");
        };
        assert_eq!(listed.function, "own::Desk::force_close_incident");
        let log = Captured::new();
        log.context("acme")
            .scope(|| Desk.force_close_incident(7, "x"));
        let entry = assert_audited!(log, entity = 7);
        assert_eq!(Some(listed.entity_type.unwrap()), entry.entity_type());
        assert_eq!(listed.action, entry.action);
        assert_eq!(listed.severity, entry.severity.as_str());
        assert_eq!(listed.metadata, entry.metadata.keys().collect::<Vec<_>>());
        assert!(own.unexercised(&log).unwrap().is_empty());
    }
}

/// The macro works where names mean something else.
mod shadowed {
    #![no_implicit_prelude]

    #[allow(non_camel_case_types, dead_code, reason = "to be in the way")]
    struct u8;
    #[allow(dead_code, reason = "to be in the way")]
    enum Option {}

    #[test]
    fn a_catalogue_needs_no_prelude() {
        let catalogue = ::audit_core::testing::action_catalogue!(
            crate = crate::facade,
            "catalogue/bin/tool.rs",
        );
        ::core::assert_eq!(catalogue.actions().len(), 1);
    }
}

mod facade {
    pub(crate) use audit_core::testing;
}
