//! What is masked in values, wherever it stands in them.

use serde_json::json;

use super::*;
use crate::sanitize::Sanitizer;

fn masked(mut value: Value) -> Value {
    let sanitizer = Sanitizer::default();
    sanitizer.value(&mut value);
    let once = value.clone();
    sanitizer.value(&mut value);
    assert_eq!(value, once, "masked twice");
    value
}

#[test]
fn sensitive_names_at_any_depth() {
    assert_eq!(
        masked(
            json!({"a": [{"b": {"apiToken": "x", "n": 1}}], "PIN": 12, "keys": [1], "auth": {"u": 1}, "otp": true})
        ),
        json!({"a": [{"b": {"apiToken": MASK, "n": 1}}], "PIN": MASK, "keys": MASK, "auth": MASK, "otp": MASK})
    );
    assert_eq!(
        masked(json!({"password": null, "token": "", "cookie": [], "author": "a", "monkey": 1})),
        json!({"password": null, "token": MASK, "cookie": MASK, "author": "a", "monkey": 1})
    );
}

#[test]
fn detectors_see_strings_numbers_and_names() {
    assert_eq!(
        masked(json!([
            "x pwd=1",
            4_111_111_111_111_111_u64,
            4_111_111_111_111_112_u64,
            0.5,
            -1
        ])),
        json!(["x pwd=********", MASK, 4_111_111_111_111_112_u64, 0.5, -1])
    );
    assert_eq!(
        masked(
            json!({"4111 1111 1111 1111": 1, "5555555555554444": {"pin": 1}, "token=abcdefgh": 1, "n": 2})
        ),
        json!({MASK: 1, "******** 2": {"pin": MASK}, "token=********": MASK, "n": 2})
    );
}

#[test]
fn lists_of_names_and_values() {
    assert_eq!(
        masked(json!([
            {"name": "Authorization", "value": "x"},
            {"key": "password", "value": ["x"]},
            {"Key": "Owner", "Value": "ada"},
            {"field": "pin", "old": 1, "new": 2, "at": 3},
            {"k": "token", "v": null},
            {"parameter": "apiKey", "newValue": "x"},
        ])),
        json!([
            {"name": "Authorization", "value": MASK},
            {"key": "password", "value": MASK},
            {"Key": "Owner", "Value": "ada"},
            {"field": "pin", "old": MASK, "new": MASK, "at": 3},
            {"k": "token", "v": null},
            {"parameter": "apiKey", "newValue": MASK},
        ])
    );
    // Without a value beside it, `key` is a secret again; so is one that names nothing.
    assert_eq!(masked(json!({"key": "abc"})), json!({"key": MASK}));
    assert_eq!(
        masked(json!({"key": {"a": 1}, "value": 1})),
        json!({"key": MASK, "value": 1})
    );
    assert_eq!(
        masked(json!({"name": "token ring", "size": 1})),
        json!({"name": "token ring", "size": 1})
    );
    assert_eq!(
        masked(json!({"key": "Bearer a1", "value": 1})),
        json!({"key": "Bearer ********", "value": MASK})
    );
}

#[test]
fn pairs_and_command_lines() {
    assert_eq!(
        masked(json!([
            ["Authorization", "Bearer x"],
            ["Accept", "x"],
            ["token", 1],
            ["a", "token", "b"]
        ])),
        json!([
            ["Authorization", MASK],
            ["Accept", "x"],
            ["token", 1],
            ["a", "token", "b"]
        ])
    );
    assert_eq!(
        masked(json!([
            "login",
            "--password",
            "x",
            "--token",
            "--verbose",
            "y",
            "--pin=1"
        ])),
        json!([
            "login",
            "--password",
            MASK,
            "--token",
            "--verbose",
            "y",
            "--pin=********"
        ])
    );
}

#[test]
fn a_path_above_counts() {
    let sanitizer = Sanitizer::builder().allow("keyboard.key").build();
    let at = |path: &str, mut value: Value| {
        sanitizer.value_at(path, &mut value);
        value
    };
    assert_eq!(at("user.password", json!({"a": 1})), json!(MASK));
    assert_eq!(at("user.password", Value::Null), Value::Null);
    assert_eq!(
        at("items[3].keyboard", json!({"key": "Q", "pin": 1})),
        json!({"key": "Q", "pin": MASK})
    );
    assert_eq!(
        at("items[3].piano", json!({"key": "Q"})),
        json!({"key": MASK})
    );
    assert_eq!(
        at("", json!({"keyboard": [{"key": "Q"}]})),
        json!({"keyboard": [{"key": "Q"}]})
    );
    let mut map = Map::new();
    map.insert("key".to_owned(), json!(1));
    map.insert("n".to_owned(), json!("pwd=1"));
    sanitizer.map(&mut map);
    assert_eq!(
        Value::Object(map),
        json!({"key": MASK, "n": "pwd=********"})
    );
}

#[test]
fn deep_values_end_in_a_mask() {
    let nested = |levels: usize| {
        (0..levels).fold(json!("leaf"), |value, level| {
            if level % 2 == 0 {
                json!([value])
            } else {
                json!({ "a": value })
            }
        })
    };
    assert_eq!(masked(nested(MOST_LEVELS)), nested(MOST_LEVELS));
    assert!(!masked(nested(MOST_LEVELS + 1)).to_string().contains("leaf"));
    // Deep enough to overflow the stack of a test thread, if anything recursed.
    let mut deep = Value::Null;
    for _ in 0..200_000 {
        deep = Value::Array(vec![deep]);
    }
    Sanitizer::default().value(&mut deep);
    assert!(deep.to_string().contains(MASK));
    let mut deep = json!(1);
    for _ in 0..200_000 {
        deep = Value::Array(vec![deep]);
    }
    Sanitizer::default().value_at("token", &mut deep);
    assert_eq!(deep, MASK);
}
