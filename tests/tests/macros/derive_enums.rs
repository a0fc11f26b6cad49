//! Enums that derive `Audited`.

use std::marker::PhantomData;

use audit_core::{Audited, EntityId, Tenant, diff, record_fields};
use serde_json::{Value, json};

use crate::{audited, entries, one};

fn changes<T: Audited>(before: &T, after: &T) -> Value {
    serde_json::to_value(diff(before, after).unwrap()).unwrap()
}

#[derive(Clone, Audited)]
struct Person {
    name: String,
}

#[derive(Clone, Audited)]
#[audit(rename_all = "snake_case")]
enum Status {
    Open,
    InWork,
    Merged(u64),
    Given(#[audit(nested)] Person),
    Scored(u8, #[audit(exclude)] PhantomData<fn()>, char),
    #[audit(rename = "shut")]
    Closed {
        by: String,
        #[audit(redact)]
        code: u8,
        r#type: Option<u8>,
    },
}

fn closed(by: &str, code: u8) -> Status {
    Status::Closed {
        by: by.to_owned(),
        code,
        r#type: None,
    }
}

fn given(name: &str) -> Status {
    Status::Given(Person {
        name: name.to_owned(),
    })
}

#[derive(Clone, Audited)]
struct Ticket {
    #[audit(id)]
    id: u8,
    #[audit(nested)]
    status: Status,
    #[audit(nested)]
    before: Option<Status>,
}

fn ticket(status: Status) -> Ticket {
    Ticket {
        id: 1,
        status,
        before: None,
    }
}

#[test]
fn a_change_inside_a_variant_is_a_path() {
    for (before, after, expected) in [
        (Status::Open, Status::Open, json!({})),
        (Status::InWork, Status::InWork, json!({})),
        (Status::Merged(1), Status::Merged(1), json!({})),
        (
            Status::Merged(1),
            Status::Merged(2),
            json!({"status.merged": {"old": 1, "new": 2}}),
        ),
        (
            given("ada"),
            given("bob"),
            json!({"status.given.name": {"old": "ada", "new": "bob"}}),
        ),
        (
            Status::Scored(1, PhantomData, 'a'),
            Status::Scored(2, PhantomData, 'b'),
            json!({
                "status.scored.0": {"old": 1, "new": 2},
                "status.scored.2": {"old": "a", "new": "b"},
            }),
        ),
        (
            closed("ada", 1),
            closed("bob", 2),
            json!({
                "status.shut.by": {"old": "ada", "new": "bob"},
                "status.shut.code": {"old": "********", "new": "********"},
            }),
        ),
    ] {
        assert_eq!(changes(&ticket(before), &ticket(after)), expected);
    }
}

#[test]
fn a_change_of_variant_is_one_change() {
    let closed_as_stored = json!({"shut": {"by": "ada", "code": "********", "type": null}});
    for (before, after, expected) in [
        (
            Status::Open,
            closed("ada", 1),
            json!({"old": "open", "new": closed_as_stored}),
        ),
        (
            Status::InWork,
            Status::Merged(7),
            json!({"old": "in_work", "new": {"merged": 7}}),
        ),
        (
            Status::Scored(1, PhantomData, 'x'),
            given("ada"),
            json!({"old": {"scored": {"0": 1, "2": "x"}}, "new": {"given": {"name": "ada"}}}),
        ),
    ] {
        assert_eq!(
            changes(&ticket(before), &ticket(after)),
            json!({ "status": expected })
        );
    }
}

#[test]
fn a_variant_inside_an_option_is_told_as_well() {
    let with = |before| Ticket {
        before,
        ..ticket(Status::Open)
    };
    assert_eq!(
        changes(&with(None), &with(Some(Status::Merged(1)))),
        json!({"before": {"old": null, "new": {"merged": 1}}})
    );
    assert_eq!(
        changes(
            &with(Some(Status::Merged(1))),
            &with(Some(Status::Merged(2)))
        ),
        json!({"before.merged": {"old": 1, "new": 2}})
    );
}

#[test]
fn changes_of_variants_can_be_applied_and_reverted() {
    let all = [
        Status::Open,
        Status::InWork,
        Status::Merged(1),
        Status::Merged(2),
        given("ada"),
        given("bob"),
        Status::Scored(1, PhantomData, 'a'),
        Status::Scored(2, PhantomData, 'a'),
    ];
    for before in &all {
        for after in &all {
            let (before, after) = (ticket(before.clone()), ticket(after.clone()));
            let changes = diff(&before, &after).unwrap();
            let (old, new) = (
                record_fields(&before).unwrap(),
                record_fields(&after).unwrap(),
            );
            assert_eq!(changes.apply(&old).unwrap(), new);
            assert_eq!(changes.revert(&new).unwrap(), old);
        }
    }
}

#[derive(Clone, Audited)]
#[audit(entity_type = "event")]
enum Event {
    Opened {
        #[audit(id)]
        number: u64,
        #[audit(name)]
        title: String,
    },
    Closed(#[audit(id)] String, #[audit(tenant)] &'static str),
    Lost,
}

#[test]
fn an_enum_can_be_a_record_itself() {
    let opened = |title: &str| Event::Opened {
        number: 7,
        title: title.to_owned(),
    };
    let (auditor, context) = audited();
    context
        .scope(|| auditor.updated(&opened("a"), &opened("b")).record())
        .unwrap();
    let entry = one(&auditor);
    assert_eq!(entry.entity_type(), Some("event"));
    assert_eq!(entry.entity_id(), Some(&EntityId::from(7_u64)));
    assert_eq!(entry.entity_name(), Some("b"));
    assert_eq!(
        serde_json::to_value(&entry.changes).unwrap(),
        json!({"variant.Opened.title": {"old": "a", "new": "b"}})
    );
    context
        .scope(|| auditor.deleted(&Event::Lost).record())
        .unwrap();
    let last = entries(&auditor).pop().unwrap();
    assert_eq!(last.entity_id(), None);
    assert_eq!(
        serde_json::to_value(&last.changes).unwrap(),
        json!({"variant": {"old": "Lost"}})
    );
}

#[test]
fn each_variant_names_itself() {
    let closed = Event::Closed("x-1".to_owned(), "acme");
    assert_eq!(closed.audit_id(), Some(EntityId::from("x-1")));
    assert_eq!(closed.audit_name(), None);
    assert_eq!(closed.audit_tenant(), Some(Tenant::from("acme")));
    assert_eq!(Event::Lost.audit_id(), None);
    assert_eq!(Event::Lost.audit_tenant(), None);
}

#[derive(Audited)]
enum Never {}

#[derive(Audited)]
enum Only {
    One {
        #[audit(id)]
        number: u8,
    },
}

#[derive(Audited)]
enum Unit {
    Here,
}

/// Variants that are called like items of the trait.
#[derive(Audited)]
#[allow(
    non_camel_case_types,
    clippy::upper_case_acronyms,
    reason = "it is what is tried"
)]
enum Named {
    ENTITY_TYPE,
    Audited(u8),
    audit_id { __before_x: u8, x: u8 },
}

#[test]
fn enums_of_one_variant_and_of_none_work() {
    assert_eq!(Never::ENTITY_TYPE, "never");
    let only = |number| Only::One { number };
    assert_eq!(
        changes(&only(1), &only(2)),
        json!({"variant.One.number": {"old": 1, "new": 2}})
    );
    assert_eq!(only(3).audit_id(), Some(EntityId::from(3_u8)));
    assert_eq!(changes(&Unit::Here, &Unit::Here), json!({}));
    let named = |x| Named::audit_id { __before_x: 1, x };
    assert_eq!(
        changes(&named(1), &named(2)),
        json!({"variant.audit_id.x": {"old": 1, "new": 2}})
    );
    assert_eq!(
        changes(&Named::ENTITY_TYPE, &Named::Audited(1)),
        json!({"variant": {"old": "ENTITY_TYPE", "new": {"Audited": 1}}})
    );
}

#[derive(Clone, Audited)]
enum Choice<'a, T, const N: usize> {
    Borrowed(&'a str),
    Owned { value: T, rest: [T; N] },
    Hidden(#[audit(exclude)] PhantomData<fn() -> T>),
}

#[test]
fn generic_variants_are_compared() {
    type Bytes<'a> = Choice<'a, u8, 1>;
    let owned = |value| -> Bytes<'_> { Choice::Owned { value, rest: [0] } };
    assert_eq!(
        changes(&owned(1), &owned(2)),
        json!({"variant.Owned.value": {"old": 1, "new": 2}})
    );
    let borrowed = |text| -> Bytes<'_> { Choice::Borrowed(text) };
    assert_eq!(
        changes(&borrowed("a"), &borrowed("b")),
        json!({"variant.Borrowed": {"old": "a", "new": "b"}})
    );
    let hidden = || -> Bytes<'_> { Choice::Hidden(PhantomData) };
    assert_eq!(changes(&hidden(), &hidden()), json!({}));
}
