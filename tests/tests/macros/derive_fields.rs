//! What each word on a field does.

use audit_core::{
    AuditContext, Audited, Auditor, Digestible, Durability, MemoryStore, Tenant, diff,
    record_fields,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{audited, entries, entries_of, one};

fn changes<T: Audited>(before: &T, after: &T) -> Value {
    serde_json::to_value(diff(before, after).unwrap()).unwrap()
}

/// Neither compared nor written.
#[derive(Clone)]
struct Opaque(u8);

#[derive(Clone, PartialEq, Serialize)]
struct Email(String);

impl Digestible for Email {}

fn last_four(number: &str) -> String {
    let hidden = number.chars().count().saturating_sub(4);
    let shown: String = number.chars().skip(hidden).collect();
    format!("…{shown}")
}

#[expect(clippy::ref_option, reason = "the value is lent as it is")]
fn initial(name: &Option<String>) -> Option<char> {
    name.as_ref().and_then(|name| name.chars().next())
}

#[derive(Clone, Audited)]
struct Masked {
    #[audit(mask = last_four)]
    card: String,
    #[audit(mask = initial)]
    name: Option<String>,
}

#[test]
fn a_mask_shows_what_its_function_gives_by_characters() {
    let before = Masked {
        card: "1234 5678 äöüß".to_owned(),
        name: None,
    };
    let after = Masked {
        card: "12".to_owned(),
        name: Some("Ödön".to_owned()),
    };
    assert_eq!(
        changes(&before, &after),
        json!({
            "card": {"old": {"$masked": "…äöüß"}, "new": {"$masked": "…12"}},
            "name": {"old": {"$masked": null}, "new": {"$masked": "Ö"}},
        })
    );
    assert_eq!(
        record_fields(&after).unwrap(),
        json!({"card": {"$masked": "…12"}, "name": {"$masked": "Ö"}})
    );
    // What is hidden differs, what is shown does not.
    let other = Masked {
        card: "9999 9999 äöüß".to_owned(),
        ..before.clone()
    };
    assert_eq!(
        changes(&before, &other),
        json!({"card": {"old": {"$masked": "…äöüß"}, "new": {"$masked": "…äöüß"}}})
    );
}

#[derive(Clone, Audited)]
#[audit(entity_type = "person")]
struct Hashed {
    #[audit(id)]
    id: u8,
    #[audit(hash)]
    email: Email,
    #[audit(hash)]
    phone: Option<String>,
}

#[test]
fn of_a_hashed_field_the_log_knows_only_whether_it_is_the_same() {
    let auditor = Auditor::builder(MemoryStore::new())
        .digest_key(&[7; 32])
        .build()
        .unwrap();
    let person = |email: &str| Hashed {
        id: 1,
        email: Email(email.to_owned()),
        phone: None,
    };
    let (before, after) = (person("ada@example.org"), person("bob@example.org"));
    AuditContext::new("t").scope(|| {
        auditor.created(&before).record().unwrap();
        auditor.updated(&before, &after).record().unwrap();
    });
    let all = entries(&auditor);
    let digest = |email: &str| {
        let email = Email(email.to_owned());
        auditor.digest::<Hashed>("t", "email", &email).unwrap()
    };
    let change = all[1].changes.get("email").unwrap();
    assert_eq!(all[0].changes.get("email").unwrap().new, change.old);
    assert_eq!(change.old, Some(digest("ada@example.org")));
    assert_eq!(change.new, Some(digest("bob@example.org")));
    assert!(all[0].changes.touches("phone") && !all[1].changes.touches("phone"));
    assert!(!serde_json::to_string(&all).unwrap().contains("example"));
}

#[derive(Clone, PartialEq)]
struct Metres(f64);

/// Named like a conversion of a unit crate, generic as those are.
fn in_feet<const DIGITS: usize>(height: &Metres) -> String {
    format!("{:.DIGITS$} ft", height.0 * 3.28084)
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the values are lent as they are"
)]
fn nearly(a: &f64, b: &f64) -> bool {
    (a - b).abs() < 0.01
}

#[derive(Clone, Audited)]
struct Measured {
    #[audit(with = in_feet::<1>)]
    height: Metres,
    #[audit(compare = nearly)]
    celsius: f64,
    #[audit(track, with = Measured::short, compare = Measured::same)]
    opaque: Opaque,
    #[audit(redact, compare = Self::same)]
    secret: Opaque,
}

impl Measured {
    fn short(opaque: &Opaque) -> u8 {
        opaque.0
    }

    fn same(a: &Opaque, b: &Opaque) -> bool {
        a.0 == b.0
    }
}

fn measured() -> Measured {
    Measured {
        height: Metres(2.0),
        celsius: 20.0,
        opaque: Opaque(1),
        secret: Opaque(1),
    }
}

#[test]
fn a_function_says_how_a_value_is_written() {
    let mut after = measured();
    after.height = Metres(3.0);
    after.opaque = Opaque(2);
    assert_eq!(
        changes(&measured(), &after),
        json!({
            "height": {"old": "6.6 ft", "new": "9.8 ft"},
            "opaque": {"old": 1, "new": 2},
        })
    );
    assert_eq!(record_fields(&after).unwrap()["height"], "9.8 ft");
}

#[test]
fn a_function_says_what_is_equal() {
    let mut after = measured();
    after.celsius = 20.001;
    assert_eq!(changes(&measured(), &after), json!({}));
    after.celsius = 20.1;
    after.secret = Opaque(2);
    assert_eq!(
        changes(&measured(), &after),
        json!({
            "celsius": {"old": 20.0, "new": 20.1},
            "secret": {"old": "********", "new": "********"},
        })
    );
}

#[derive(Clone, Audited)]
struct Page {
    title: String,
    #[audit(ignore)]
    seen: u32,
    #[audit(ignore, redact)]
    token: u32,
}

#[test]
fn an_ignored_change_is_stored_with_others_and_is_none_alone() {
    let (auditor, context) = audited();
    let before = Page {
        title: "a".to_owned(),
        seen: 1,
        token: 1,
    };
    let mut after = Page {
        seen: 2,
        token: 2,
        ..before.clone()
    };
    let receipt = context
        .scope(|| auditor.updated(&before, &after).record())
        .unwrap();
    assert_eq!(receipt.durability(), Durability::Unchanged);
    assert!(entries(&auditor).is_empty());

    after.title = "b".to_owned();
    context
        .scope(|| auditor.updated(&before, &after).record())
        .unwrap();
    assert_eq!(
        serde_json::to_value(&one(&auditor).changes).unwrap(),
        json!({
            "title": {"old": "a", "new": "b"},
            "seen": {"old": 1, "new": 2},
            "token": {"old": "********", "new": "********"},
        })
    );
    assert_eq!(record_fields(&after).unwrap()["seen"], 2);
}

#[derive(Clone, Audited)]
struct Cut {
    #[audit(truncate = 3)]
    text: String,
    #[audit(truncate = 1)]
    list: Vec<String>,
    whole: String,
}

#[test]
fn long_texts_are_cut_by_characters_and_say_so() {
    let cut = |text: &str| Cut {
        text: text.to_owned(),
        list: vec![text.to_owned()],
        whole: text.to_owned(),
    };
    let mark = |characters: usize, head: &str| json!({"$truncated": {"characters": characters, "head": head}});
    let (auditor, context) = audited();
    context.scope(|| {
        let (before, after) = (cut("äöü"), cut("äöüß"));
        auditor.updated(&before, &after).record().unwrap();
        auditor.created(&after).record().unwrap();
        // Decided on the whole text, not on what is left of it.
        let (before, after) = (cut("aaaa"), cut("aaab"));
        auditor.updated(&before, &after).record().unwrap();
    });
    let all = entries(&auditor);
    assert_eq!(
        serde_json::to_value(&all[0].changes).unwrap(),
        json!({
            "text": {"old": "äöü", "new": mark(4, "äöü")},
            "list": {"old": [mark(3, "ä")], "new": [mark(4, "ä")]},
            "whole": {"old": "äöü", "new": "äöüß"},
        })
    );
    assert_eq!(
        serde_json::to_value(&all[1].changes).unwrap(),
        json!({
            "text": {"new": mark(4, "äöü")},
            "list": {"new": [mark(4, "ä")]},
            "whole": {"new": "äöüß"},
        })
    );
    let change = all[2].changes.get("text").unwrap();
    assert_eq!(
        (&change.old, &change.new),
        (&Some(mark(4, "aaa")), &Some(mark(4, "aaa")))
    );
}

#[derive(Clone, Audited)]
struct Patient {
    #[audit(id)]
    id: u8,
    #[audit(sensitive)]
    name: String,
    #[audit(nested, sensitive)]
    home: Address,
    #[audit(nested)]
    work: Address,
    #[audit(key = "street", sensitive)]
    others: Vec<Address>,
}

#[derive(Clone, Audited)]
struct Address {
    street: String,
    #[audit(mask = last_four, sensitive)]
    phone: String,
}

#[test]
fn what_is_personal_is_known_by_its_path() {
    let address = |phone: &str| Address {
        street: "a".to_owned(),
        phone: phone.to_owned(),
    };
    let patient = |name: &str, phone| Patient {
        id: 1,
        name: name.to_owned(),
        home: address(phone),
        work: address(phone),
        others: vec![address(phone)],
    };
    let (auditor, context) = audited();
    let (before, after) = (patient("ada", "555"), patient("bob", "556"));
    context.scope(|| {
        auditor.updated(&before, &after).record().unwrap();
        auditor.created(&after).record().unwrap();
    });
    let all = entries(&auditor);
    assert_eq!(
        all[0].sensitive,
        ["name", "home.phone", "work.phone", "others[street=a].phone"]
    );
    let mut of_the_snapshot = all[1].sensitive.clone();
    of_the_snapshot.retain(|path| !path.contains('#'));
    assert_eq!(of_the_snapshot, ["name", "home", "work.phone", "others"]);
}

#[derive(Clone, Audited)]
struct Company {
    #[audit(id)]
    id: u8,
    #[audit(tenant)]
    tenant: String,
    #[audit(name, rename = "title", sensitive)]
    name: &'static str,
}

#[test]
fn a_record_can_say_its_tenant() {
    let company = Company {
        id: 1,
        tenant: "acme".to_owned(),
        name: "a",
    };
    assert_eq!(company.audit_tenant(), Some(Tenant::from("acme")));
    assert_eq!(company.audit_name().as_deref(), Some("a"));
    assert_eq!(
        record_fields(&company).unwrap(),
        json!({"id": 1, "tenant": "acme", "title": "a"})
    );
    assert_eq!(measured().audit_tenant(), None);
    assert_eq!(measured().audit_id(), None);
}

#[test]
fn entries_of_a_record_go_to_the_log_of_its_tenant() {
    let company = |tenant: &str, name| Company {
        id: 1,
        tenant: tenant.to_owned(),
        name,
    };
    let (auditor, context) = audited();
    let (before, after) = (company("acme", "a"), company("acme", "b"));
    context.scope(|| {
        auditor.created(&before).record().unwrap();
        auditor.updated(&before, &after).record().unwrap();
        auditor.deleted(&company("other", "c")).record().unwrap();
    });
    let actions = |tenant| -> Vec<_> {
        let all = entries_of(&auditor, tenant).into_iter();
        all.map(|entry| entry.action).collect()
    };
    assert_eq!(actions("acme"), ["create", "update"]);
    assert_eq!(actions("other"), ["delete"]);
    assert!(entries(&auditor).is_empty());
}
