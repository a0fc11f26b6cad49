//! Marks: objects with one member that begins with `$`, for what JSON has no word for.

use std::{fmt, mem};

use serde_json::{Map, Value, json};

use crate::MASK;

pub(crate) const FLOAT: &str = "$float";
pub(crate) const INTEGER: &str = "$integer";
pub(crate) const SOME: &str = "$some";
pub(crate) const MASKED: &str = "$masked";
pub(crate) const HASH: &str = "$hash";
pub(crate) const TRUNCATED: &str = "$truncated";
pub(crate) const ERASED: &str = "$erased";
pub(crate) const BLOB: &str = "$blob";
pub(crate) const TEXT: &str = "$text";

/// Why a value is not stored as it was, and cannot be written back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Obscured {
    /// The mask stands in its place, or in the place of a secret in it.
    Redacted,
    /// A function of the record's type has masked it.
    Masked,
    /// Only a digest of it is kept.
    Hashed,
    /// It was too long or too deep.
    Truncated,
    /// It was erased.
    Erased,
}

impl Obscured {
    /// Of the value itself, whatever is inside of it.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) if text.contains(MASK) => Some(Self::Redacted),
            Value::Object(_) => match of(value)?.0 {
                MASKED => Some(Self::Masked),
                HASH => Some(Self::Hashed),
                TRUNCATED => Some(Self::Truncated),
                ERASED => Some(Self::Erased),
                _ => None,
            },
            _ => None,
        }
    }

    /// Of the value, or of anything inside of it.
    pub(crate) fn within(value: &Value) -> Option<Self> {
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            let lost = Self::of(value);
            if lost.is_some() {
                return lost;
            }
            match value {
                Value::Array(items) => open.extend(items),
                Value::Object(members) => open.extend(members.values()),
                _ => {}
            }
        }
        None
    }

    /// As it reads in "the value is …".
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Redacted => "redacted",
            Self::Masked => "masked",
            Self::Hashed => "hashed",
            Self::Truncated => "cut",
            Self::Erased => "erased",
        }
    }
}

impl fmt::Display for Obscured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

pub(crate) fn mark(name: &str, value: impl Into<Value>) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), value.into())]))
}

pub(crate) fn float(value: f64) -> Value {
    let name = if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "inf"
    } else {
        "-inf"
    };
    mark(FLOAT, name)
}

/// Marks the value of a `Some` that would read as `None`.
pub(crate) fn some(value: &mut Value) {
    if value.is_null() || of(value).is_some_and(|(name, _)| name == SOME) {
        *value = mark(SOME, value.take());
    }
}

/// A value that is deeper than anything that is meant to be read.
pub(crate) fn too_deep(levels: usize) -> Value {
    mark(TRUNCATED, json!({ "levels": levels }))
}

/// The name of a recorded member, which must not look like a mark.
pub(crate) fn escaped(name: String) -> String {
    if name.starts_with('$') {
        format!("${name}")
    } else {
        name
    }
}

/// The name and the value of a mark.
pub(crate) fn of(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    let (name, value) = members.iter().next()?;
    (name.starts_with('$') && !name.starts_with("$$")).then_some((name.as_str(), value))
}

/// Whether this is what a digest looks like: nothing else passes the sanitizer under a secret name.
pub(crate) fn is_digest(value: &Value) -> bool {
    let Some((HASH, Value::String(text))) = of(value) else {
        return false;
    };
    let is_hex = |text: &str, digits: usize| {
        text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    text.split_once(':')
        .is_some_and(|(key, digest)| is_hex(key, 8) && is_hex(digest, 32))
}

/// Whether a part of the value is not what the record held.
pub(crate) fn is_incomplete(value: &Value) -> bool {
    Obscured::within(value).is_some()
}

/// Whether the entry had no room for the value, or it was too deep: not as the record's type says.
pub(crate) fn is_cut_for_room(value: &Value) -> bool {
    of(value).is_some_and(|(name, cut)| name == TRUNCATED && cut.get("characters").is_none())
}

/// The name of a member as the record has it.
pub(crate) fn unescaped(name: &str) -> &str {
    match name.strip_prefix('$') {
        Some(rest) if rest.starts_with('$') => rest,
        _ => name,
    }
}

/// Whether a change at a place inside can be told of by a path: not inside a mark.
pub(crate) fn is_open(value: &Value) -> bool {
    value.is_object() && of(value).is_none()
}

/// Says of every text in a value that is longer than `most` characters that it is to be cut, and
/// whether there is one. It is cut when the sanitizer has seen the whole of it: half a secret is
/// hard to know.
pub(crate) fn to_be_cut(value: &mut Value, most: usize) -> bool {
    if of(value).is_some_and(|(name, _)| [FLOAT, INTEGER].contains(&name)) {
        return false;
    }
    match value {
        Value::String(text) => {
            let too_long = text.len() > most && text.chars().nth(most).is_some();
            if too_long {
                let text = mem::take(text);
                *value = mark(TRUNCATED, json!({ "most": most, "text": text }));
            }
            too_long
        }
        Value::Array(items) => items
            .iter_mut()
            .filter_map(|item| to_be_cut(item, most).then_some(()))
            .count()
            .gt(&0),
        Value::Object(members) => members
            .values_mut()
            .filter_map(|member| to_be_cut(member, most).then_some(()))
            .count()
            .gt(&0),
        _ => false,
    }
}

/// Cuts the texts that are to be cut.
pub(crate) fn cut(value: &mut Value) {
    if let Some((TRUNCATED, waiting)) = of(value)
        && let (Some(most), Some(text)) = (waiting.get("most"), waiting.get("text"))
    {
        let most = most.as_u64().and_then(|most| usize::try_from(most).ok());
        let text = text.as_str().unwrap_or_default();
        let head: String = text.chars().take(most.unwrap_or(0)).collect();
        let characters = text.chars().count();
        *value = mark(TRUNCATED, json!({ "characters": characters, "head": head }));
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(cut),
        Value::Object(members) => members.values_mut().for_each(cut),
        _ => {}
    }
}

/// How many characters a text had that was cut.
pub(crate) fn cut_from(value: &Value) -> Option<u64> {
    let (_, cut) = of(value).filter(|(name, _)| *name == TRUNCATED)?;
    cut.get("characters")?.as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_told_from_values() {
        assert_eq!(of(&float(f64::NAN)), Some((FLOAT, &json!("NaN"))));
        assert_eq!(of(&json!({"$$float": "NaN"})), None);
        assert_eq!(of(&json!({"$float": "NaN", "x": 1})), None);
        assert!(is_open(&json!({"a": 1})) && !is_open(&json!({"$some": null})));
    }

    #[test]
    fn what_is_lost_is_found_at_any_depth() {
        assert!(is_incomplete(&json!({"a": [MASK]})));
        assert!(is_incomplete(&json!([{"b": {"$hash": "k:1"}}])));
        assert!(is_incomplete(&json!({"a": format!("pwd={MASK}")})));
        assert!(!is_incomplete(&json!({"a": {"$some": null}, "b": "****"})));
    }

    #[test]
    fn texts_are_cut_by_characters() {
        let mut value = json!(["äöü", {"a": "äöüß"}]);
        assert!(to_be_cut(&mut value, 3) && !to_be_cut(&mut json!(["äöü"]), 3));
        assert!(!to_be_cut(&mut mark(INTEGER, "-123456"), 3));
        cut(&mut value);
        assert_eq!(
            value,
            json!(["äöü", {"a": {"$truncated": {"characters": 4, "head": "äöü"}}}])
        );
    }
}
