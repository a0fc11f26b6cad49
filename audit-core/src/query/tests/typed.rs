//! States as types of the application's own.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Log, at};
use crate::{Audited, ErrorKind, MASK, Result, record_fields};

/// The record as of now, out of a log that has these fields.
fn read<T: DeserializeOwned>(fields: Value) -> Result<T> {
    let Value::Object(fields) = fields else {
        unreachable!("the fields of a record are an object");
    };
    let changes: Value = fields
        .into_iter()
        .map(|(name, value)| {
            let mut path = String::new();
            crate::entry::path::push_member(&mut path, &name);
            (path, json!({"new": value}))
        })
        .collect();
    let state = Log::of(&[("create", changes)]).history().as_of(u64::MAX)?;
    Ok(state.expect("there is a record"))
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Unit,
    New(u8),
    Tuple(u8, String),
    Struct {
        a: Option<u8>,
    },
    #[serde(rename = "$odd")]
    Odd(f64),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Wrapped(u16);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    A { x: i64 },
}

/// Absent, null and a value.
type Twice = Option<Inner>;
type Inner = Option<u8>;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Audited)]
struct Everything {
    #[audit(id)]
    id: Uuid,
    small: i8,
    large: u64,
    huge: i128,
    beyond: u128,
    real: f32,
    infinite: f64,
    letter: char,
    text: String,
    nothing: (),
    none: Twice,
    some_none: Twice,
    some: Twice,
    pair: (u8, Option<bool>),
    bytes: Vec<u8>,
    when: DateTime<Utc>,
    shapes: Vec<Shape>,
    wrapped: Wrapped,
    tagged: Tagged,
    by_number: BTreeMap<i64, Shape>,
    by_id: HashMap<Uuid, f64>,
    by_flag: BTreeMap<bool, u8>,
    dollars: BTreeMap<String, u8>,
    free: Value,
}

fn everything() -> Everything {
    Everything {
        id: Uuid::from_u128(7),
        small: i8::MIN,
        large: u64::MAX,
        huge: i128::MIN,
        beyond: u128::MAX,
        real: 0.1,
        infinite: f64::NEG_INFINITY,
        letter: 'é',
        text: "\0".to_owned(),
        nothing: (),
        none: None,
        some_none: Some(None),
        some: Some(Some(1)),
        pair: (1, None),
        bytes: vec![0, 255],
        when: at(1),
        shapes: vec![
            Shape::Unit,
            Shape::New(1),
            Shape::Tuple(2, "x".to_owned()),
            Shape::Struct { a: None },
            Shape::Odd(f64::INFINITY),
        ],
        wrapped: Wrapped(9),
        tagged: Tagged::A { x: -1 },
        by_number: BTreeMap::from([(-1, Shape::Unit)]),
        by_id: HashMap::from([(Uuid::from_u128(1), f64::MAX)]),
        by_flag: BTreeMap::from([(true, 1)]),
        dollars: BTreeMap::from([("$float".to_owned(), 1)]),
        free: json!({"$some": [null, {"$$x": 1.5}]}),
    }
}

#[test]
fn every_value_comes_back_as_it_was() {
    let all = everything();
    let fields = record_fields(&all).unwrap();
    assert_eq!(fields["huge"], json!({"$integer": i128::MIN.to_string()}));
    assert_eq!(read::<Everything>(fields).unwrap(), all);
}

#[test]
fn a_record_that_is_an_enum_comes_back() {
    #[derive(Clone, Debug, PartialEq, Deserialize, Audited)]
    enum Payment {
        Cash,
        Card { last: String },
    }
    for payment in [
        Payment::Cash,
        Payment::Card {
            last: "4242".to_owned(),
        },
    ] {
        let fields = record_fields(&payment).unwrap();
        assert_eq!(read::<Payment>(fields).unwrap(), payment);
    }
}

#[test]
fn what_is_not_stored_is_refused_where_it_is_asked_for() {
    #[derive(Debug, Deserialize)]
    struct Asks {
        #[serde(rename = "open")]
        _open: bool,
        #[serde(default, rename = "deep")]
        _deep: Option<BTreeMap<String, Vec<Value>>>,
    }
    for (value, why) in [
        (json!(MASK), "redacted"),
        (json!(format!("https://ada:{MASK}@example.org")), "redacted"),
        (json!({"$masked": "…4242"}), "masked"),
        (json!({"$hash": "k:1"}), "hashed"),
        (
            json!({"$truncated": {"characters": 9, "head": "hunter2"}}),
            "cut",
        ),
        (
            json!({"$truncated": {"bytes": 9, "head": "hunter2"}}),
            "cut",
        ),
        (json!({"$erased": true}), "erased"),
    ] {
        let fields = json!({"open": true, "deep": {"a.b": [1, value]}, "other": value});
        let error = read::<Asks>(fields).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotStored, "{error}");
        let text = error.to_string();
        assert!(
            text.contains(r#"`deep["a.b"][#1]` is "#) && text.contains(why),
            "{text}"
        );
        assert!(!text.contains("hunter2"), "{text}");
        assert!(read::<Asks>(json!({"open": true, "other": value})).is_ok());
    }
}

#[test]
fn what_does_not_fit_says_where_and_never_what() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wants {
        #[serde(rename = "number")]
        _number: u8,
        #[serde(rename = "shape")]
        _shape: Option<Shape>,
        #[serde(rename = "by_number")]
        _by_number: Option<BTreeMap<u8, u8>>,
    }
    for (fields, expected) in [
        (json!({"number": "hunter2"}), "`number`"),
        (json!({"number": 256}), "u8"),
        (
            json!({"number": {"$integer": "99999999999999999999"}}),
            "`number`",
        ),
        (json!({"number": {"$float": "hunter2"}}), "`number`"),
        (json!({"number": 1, "shape": "hunter2"}), "Unit, New"),
        (
            json!({"number": 1, "shape": {"Unit": "hunter2"}}),
            "`shape`",
        ),
        (
            json!({"number": 1, "shape": {"Tuple": [1]}}),
            "`shape.Tuple`",
        ),
        (json!({"number": 1, "shape": 4.5}), "`shape`"),
        (
            json!({"number": 1, "by_number": {"hunter2": 1}}),
            "`by_number",
        ),
        (json!({"shape": null}), "`number` is not recorded"),
        (json!({"number": 1, "extra": 1}), "no field `extra`"),
    ] {
        let error = read::<Wants>(fields.clone()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongType, "{fields}");
        let text = error.to_string();
        assert!(text.contains(expected), "{fields}: {text}");
        if !fields.to_string().contains(r#""hunter2":"#) {
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
}

#[test]
fn an_incomplete_history_has_no_type() {
    let log = Log::of(&[("update", json!({"n": {"old": 1, "new": 2}}))]);
    let error = log.history().as_of::<Value>(u64::MAX).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::IncompleteHistory);
    assert_eq!(Log::new().history().as_of::<Value>(u64::MAX).unwrap(), None);
}
