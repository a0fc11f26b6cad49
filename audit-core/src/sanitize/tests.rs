//! Nothing secret survives, whatever its form and place; nothing else is touched.

use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Detector, MASK, Sanitizer};

/// Each secret with the part of it that must not survive. Prefixes are kept apart from what follows, so that no
/// scanner takes these for real keys.
const CANARIES: [(&str, &str); 73] = [
    ("password=CANARY77", "CANARY77"),
    ("PASSWORD = CANARY77", "CANARY77"),
    ("passwd:CANARY77", "CANARY77"),
    ("pwd: CANARY77", "CANARY77"),
    ("db_password=CANARY77;Server=x", "CANARY77"),
    ("Pwd=CANARY77;Uid=sa", "CANARY77"),
    ("\"password\":\"CANARY77\"", "CANARY77"),
    ("\"password\" : \"a \\\" CANARY77\"", "CANARY77"),
    ("\\\"password\\\":\\\"x CANARY77\\\"", "CANARY77"),
    ("'pwd': 'x CANARY77'", "CANARY77"),
    ("'pwd': b'x CANARY77'", "CANARY77"),
    (":password => \"x CANARY77\"", "CANARY77"),
    ("\"pins\":[1,\"CANARY77\"]", "CANARY77"),
    (
        "credentials: Login { user: \"a\", word: \"CANARY77\" }",
        "CANARY77",
    ),
    ("token: Some(\"x CANARY77\")", "CANARY77"),
    ("passphrase: correct horse CANARY77", "CANARY77"),
    ("mnemonic=correct horse CANARY77", "CANARY77"),
    ("?token=CANARY77&x=1", "CANARY77"),
    ("?access%5Ftoken=CANARY77", "CANARY77"),
    ("?ACCESS_TOKEN=CANARY77", "CANARY77"),
    (
        "?u=https%3A%2F%2Fx%3Fapi_key%3DCANARY77%26y%3D1",
        "CANARY77",
    ),
    ("user[password]=CANARY77", "CANARY77"),
    ("user%5Bpassword%5D=CANARY77", "CANARY77"),
    ("X-Api-Key: CANARY77", "CANARY77"),
    ("apikey=CANARY77", "CANARY77"),
    ("client_secret=CANARY77", "CANARY77"),
    ("aws_secret_access_key = CAN/ARY+77CANARY77", "CANARY77"),
    ("Authorization: Bearer CANARY77", "CANARY77"),
    (
        "authorization: Digest username=a, response=\"CANARY77\"",
        "CANARY77",
    ),
    ("Proxy-Authorization: NTLM x CANARY77", "CANARY77"),
    (
        "Authorization: AWS4-HMAC-SHA256 Credential=a/b, Signature=CANARY77",
        "CANARY77",
    ),
    ("auth=Bearer CANARY77", "CANARY77"),
    ("Bearer CANARY77", "CANARY77"),
    ("bearer CANARY.77-x_y~z", "CANARY"),
    ("Basic dXNlcjpDQU5BUlk3Nw==", "dXNlcjpDQU5BUlk3Nw"),
    ("Cookie: a=b; sid=CANARY77", "CANARY77"),
    ("Set-Cookie: sid=CANARY77; Path=/; HttpOnly", "CANARY77"),
    ("JSESSIONID=CANARY77", "CANARY77"),
    ("--password CANARY77", "CANARY77"),
    ("--api-token=CANARY77", "CANARY77"),
    ("IDENTIFIED BY 'x CANARY77'", "CANARY77"),
    ("WITH PASSWORD 'x CANARY77'", "CANARY77"),
    ("<password>x CANARY77</password>", "CANARY77"),
    ("postgres://user:CANARY77@host/db", "CANARY77"),
    ("redis://:CANARY77@host", "CANARY77"),
    ("amqps://user:p@CANARY77@host", "CANARY77"),
    ("mysql://user:p/CANARY77@host", "CANARY77"),
    (
        "https://CANARY77CANARY77CANARY77@github.example/x",
        "CANARY77",
    ),
    (
        "-----BEGIN PRIVATE KEY-----\nCANARY77\n-----END PRIVATE KEY-----",
        "CANARY77",
    ),
    (
        "-----BEGIN EC PRIVATE KEY-----\\nCANARY77\\n-----END EC PRIVATE KEY-----",
        "CANARY77",
    ),
    (
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nCANARY77",
        "CANARY77",
    ),
    (
        concat!("eyJ", "hbGciOiJIUzI1NiJ9.", "eyJ", "zdWIiOiIxIn0.CANARY77"),
        "CANARY77",
    ),
    (
        concat!("eyJ", "hbGciOiJub25lIn0.", "eyJ", "zdWIiOiIxIn0."),
        "zdWIiOiIxIn0",
    ),
    (concat!("AKIA", "IOSFODNN7EXAMPLE"), "IOSFODNN7EXAMPLE"),
    (concat!("ASIA", "IOSFODNN7EXAMPLE"), "IOSFODNN7EXAMPLE"),
    (
        concat!("ghp_", "CANARY77CANARY77CANARY77CANARY77CANA"),
        "CANARY77",
    ),
    (
        concat!("gho_", "CANARY77CANARY77CANARY77CANARY77CANA"),
        "CANARY77",
    ),
    (
        concat!("ghs_", "CANARY77CANARY77CANARY77CANARY77CANA"),
        "CANARY77",
    ),
    (
        concat!("github_pat_", "CANARY77CANARY77CANARY_CANARY77"),
        "CANARY",
    ),
    (concat!("glpat-", "CANARY77-CANARY77CAN"), "CANARY"),
    (concat!("xoxb-", "123456789012-CANARY77"), "CANARY77"),
    (concat!("xoxp-", "123456789012-CANARY77"), "CANARY77"),
    (concat!("sk_live_", "CANARY77CANARY77CANARY77"), "CANARY77"),
    (concat!("rk_live_", "CANARY77CANARY77CANARY77"), "CANARY77"),
    (concat!("sk-", "proj-CANARY77_CANARY77-CANARY77"), "CANARY"),
    (
        concat!("AIza", "CANARY77CANARY77CANARY77CANARY77-_C"),
        "CANARY77",
    ),
    (
        concat!(
            "SG.",
            "CANARY77CANARY77CANARY.CANARY77CANARY77CANARY77CANARY77"
        ),
        "CANARY",
    ),
    (
        concat!("npm_", "CANARY77CANARY77CANARY77CANARY77CANA"),
        "CANARY77",
    ),
    (
        "AccountName=x;AccountKey=CANARY77CANARY77==;EndpointSuffix=y",
        "CANARY77",
    ),
    ("Endpoint=sb://x/;SharedAccessKey=CANARY77=", "CANARY77"),
    ("4111111111111111", "1111"),
    ("4111 1111 1111 1111", "1111"),
    ("3782-822463-10005", "822463"),
];

const EMBEDDINGS: [(&str, &str); 10] = [
    ("", ""),
    ("could not connect (", ") to the server"),
    ("line one\n", "\nline three"),
    ("a, ", ", b"),
    ("日本語 ", " ünïcode"),
    ("{\"message\": \"x ", " y\"}"),
    ("error: ", "."),
    ("[", "]"),
    ("\t", "\r\n"),
    ("pwd=x ", " token=y"),
];

#[test]
fn no_canary_survives_in_text_or_value() {
    let sanitizer = Sanitizer::default();
    for (secret, part) in CANARIES {
        for (before, after) in EMBEDDINGS {
            let text = [before, secret, after].concat();
            let masked = sanitizer.text(&text);
            assert!(masked.contains(MASK), "{text:?} {masked:?}");
            assert!(!masked.contains(part), "{text:?} {masked:?}");
            assert_eq!(sanitizer.text(&masked), masked);
            assert!(
                !sanitizer.text(&format!("{text:?}")).contains(part),
                "{text:?} in Debug form"
            );
            assert!(
                !sanitizer
                    .text(&json!({ "n": &text }).to_string())
                    .contains(part),
                "{text:?} in JSON form"
            );

            let mut value = json!({"note": [&text, {"deep": &text}], &text: 1});
            sanitizer.value(&mut value);
            assert!(!value.to_string().contains(part), "{text:?} {value}");
        }
    }
}

#[test]
fn text_around_a_secret_stays() {
    let sanitizer = Sanitizer::default();
    for (secret, _) in CANARIES
        .iter()
        .filter(|(secret, _)| sanitizer.text(secret) == MASK)
    {
        // A block without an end takes the rest of the text.
        if secret.contains("PGP") {
            continue;
        }
        assert_eq!(
            sanitizer.text(&format!("before {secret} after")),
            "before ******** after"
        );
    }
}

#[test]
fn printing_a_sanitizer_tells_counts_only() {
    let builder = Sanitizer::builder().name("swordfish").allow("marlin");
    let text = format!("{builder:?} {:?}", builder.clone().build());
    assert!(
        !text.contains("swordfish") && !text.contains("marlin"),
        "{text}"
    );
    assert!(text.contains("allowed: 1, detectors: 7"), "{text}");
}

#[test]
fn the_builder_adds_removes_and_allows() {
    let sanitizer = Sanitizer::builder()
        .name("privateNote")
        .name("")
        .remove("PIN")
        .allow("key")
        .build();
    for name in ["private_note", "Private-Notes", "token", "apiKey"] {
        assert!(sanitizer.is_sensitive(name), "{name}");
    }
    for name in ["pin", "key", "Key", "note", "private"] {
        assert!(!sanitizer.is_sensitive(name), "{name}");
    }
    let removed = Sanitizer::builder().remove("key").build();
    assert!(!removed.is_sensitive("sort_key"));
    for name in ["apiKey", "private_key", "PRIVATEKEY", "access-key"] {
        assert!(removed.is_sensitive(name), "{name}");
    }
    assert!(
        Sanitizer::builder()
            .remove("pin")
            .name("pin")
            .build()
            .is_sensitive("pin")
    );
}

#[test]
fn a_single_detector_can_be_off() {
    let sanitizer = Sanitizer::builder()
        .detector(Detector::CardNumber, false)
        .build();
    let mut value = json!([4_111_111_111_111_111_u64, "4111111111111111", "pwd=1"]);
    sanitizer.value(&mut value);
    assert_eq!(
        value,
        json!([
            4_111_111_111_111_111_u64,
            "4111111111111111",
            "pwd=********"
        ])
    );
    // Names need no detector.
    let mut value = json!({"password": "x"});
    Sanitizer::builder()
        .detectors(false)
        .build()
        .value(&mut value);
    assert_eq!(value, json!({"password": MASK}));
}

#[test]
fn a_pair_counts_only_when_its_first_is_a_name() {
    let sanitizer = Sanitizer::default();
    let mut value = json!([
        ["Cookie:", "a=b"],
        ["token: x", "y"],
        ["--pin", "1"],
        ["cookie", "x"]
    ]);
    sanitizer.value(&mut value);
    assert_eq!(
        value,
        json!([
            ["Cookie:", MASK],
            ["token: ********", "y"],
            ["--pin", MASK],
            ["cookie", MASK]
        ])
    );
}

#[test]
fn a_clone_shares_its_tables() {
    let sanitizer = Sanitizer::default();
    assert!(std::sync::Arc::ptr_eq(
        &sanitizer.rules,
        &sanitizer.clone().rules
    ));
    assert!(std::sync::Arc::ptr_eq(
        &sanitizer.rules,
        &Sanitizer::default().rules
    ));
}

/// Any document whose names and texts hold no secret.
fn harmless() -> impl Strategy<Value = Value> {
    let name = "(title|author|monkey|created_at|city|noteText|Größe|x)";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        "([a-zA-Zé]{0,8}[ .,!]?){0,6}"
            .prop_filter("no scheme", |text| !text.to_lowercase().contains('b'))
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Any document at all.
fn any_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        any::<String>(),
        "(token|password|key|pin|x)(=|: )?[ -~]{0,9}",
        Just("name".to_owned()),
        Just("value".to_owned())
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<u64>().prop_map(Value::from),
        text.clone().prop_map(Value::from)
    ];
    leaf.prop_recursive(5, 30, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(text.clone(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_harmless_document_is_unchanged(document in harmless()) {
        let sanitizer = Sanitizer::default();
        let mut masked = document.clone();
        sanitizer.value(&mut masked);
        prop_assert_eq!(masked, document);
    }

    #[test]
    fn any_document_is_masked_once_and_for_all(mut document in any_value()) {
        let sanitizer = Sanitizer::default();
        sanitizer.value(&mut document);
        let once = document.clone();
        sanitizer.value(&mut document);
        prop_assert_eq!(document, once);
    }

    #[test]
    fn a_canary_under_a_sensitive_name_never_survives(
        around in harmless(),
        secret in prop_oneof![Just(json!("CANARY")), Just(json!(["CANARY"])), Just(json!({"a": {"b": "CANARY"}}))],
        name in "(api|user|X|my)?[_-](password|Token|SECRET|keys|auth|cookie|PINs)([_.-](hash|2|Value))?",
        depth in 0_usize..200,
        place in any::<u64>(),
    ) {
        let mut document = Value::Object(Map::from_iter([(name, secret), ("title".to_owned(), around)]));
        for level in 0..depth {
            document = if place >> (level % 64) & 1 == 0 { json!([1, document, "x"]) } else { json!({"a": "b", "inner": document}) };
        }
        let sanitizer = Sanitizer::default();
        sanitizer.value(&mut document);
        let text = document.to_string();
        prop_assert!(!text.contains("CANARY") && text.contains(MASK));
    }

    #[test]
    fn a_value_under_any_path_never_panics(path in any::<String>(), mut document in any_value()) {
        let sanitizer = Sanitizer::builder().allow("a.b.key").build();
        let _ = sanitizer.is_sensitive(&path);
        sanitizer.value_at(&path, &mut document);
    }

    #[test]
    fn a_planted_secret_never_survives(before in "[ -~é日]{0,30}", after in "[ -~é日]{0,30}", index in 0..CANARIES.len()) {
        let (secret, part) = CANARIES[index];
        // Quotes and brackets around it may change where it ends; the space keeps it apart from other words.
        let before: String = before.chars().filter(|char| !"\"'`\\<".contains(*char)).collect();
        let masked_text = format!("{before} {secret} {after}");
        let sanitizer = Sanitizer::default();
        prop_assume!(!before.contains(part) && !after.contains(part));
        let masked = sanitizer.text(&masked_text);
        prop_assert!(!masked.contains(part), "{masked_text:?} {masked:?}");
        prop_assert!(matches!(sanitizer.text(&masked), Cow::Borrowed(_)));
    }
}
