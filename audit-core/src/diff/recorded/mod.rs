//! A value as it is recorded: what `serde` makes of it, with marks for what JSON has no word for.

mod key;
mod parts;

use std::fmt::{Display, Write as _};

use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::{Error, Number, Value};

use self::parts::{Members, Sequence, Token};
use crate::entry::marks;

/// Deeper than any value that is meant to be read; the sanitizer walks a little further still.
pub(crate) const MOST_LEVELS: usize = 96;

/// What `serde_json` calls numbers and texts that it passes on as they are.
const NUMBER: &str = "$serde_json::private::Number";
const RAW: &str = "$serde_json::private::RawValue";

/// A value, and whether it is a map: then changes are told of by member.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) value: Value,
    pub(crate) is_map: bool,
}

pub(crate) fn record<T: Serialize + ?Sized>(value: &T) -> Result<Recorded, Error> {
    value.serialize(Recorder { level: 0 })
}

/// The text by which a value keys an item of a list.
pub(crate) fn key_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(crate) use self::key::record_key;

#[derive(Clone, Copy)]
struct Recorder {
    level: usize,
}

impl Recorder {
    fn inner(self) -> Self {
        Self {
            level: self.level + 1,
        }
    }

    fn is_too_deep(self) -> bool {
        self.level >= MOST_LEVELS
    }

    fn value<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, Error> {
        value.serialize(self).map(|recorded| recorded.value)
    }
}

impl From<Value> for Recorded {
    fn from(value: Value) -> Self {
        Self {
            value,
            is_map: false,
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what every method answers")]
fn plain(value: impl Into<Value>) -> Result<Recorded, Error> {
    Ok(Recorded::from(value.into()))
}

/// A variant with what it holds.
fn tagged(variant: &'static str, value: Value) -> Result<Recorded, Error> {
    let mut members = serde_json::Map::new();
    members.insert(marks::escaped(variant.to_owned()), value);
    plain(members)
}

impl Serializer for Recorder {
    type Ok = Recorded;
    type Error = Error;
    type SerializeSeq = Sequence;
    type SerializeTuple = Sequence;
    type SerializeTupleStruct = Sequence;
    type SerializeTupleVariant = Sequence;
    type SerializeMap = Members;
    type SerializeStruct = Token;
    type SerializeStructVariant = Members;

    fn serialize_bool(self, value: bool) -> Result<Recorded, Error> {
        plain(value)
    }

    fn serialize_i8(self, value: i8) -> Result<Recorded, Error> {
        plain(value)
    }

    fn serialize_i16(self, value: i16) -> Result<Recorded, Error> {
        plain(value)
    }

    fn serialize_i32(self, value: i32) -> Result<Recorded, Error> {
        plain(value)
    }

    fn serialize_i64(self, value: i64) -> Result<Recorded, Error> {
        plain(value)
    }

    fn serialize_i128(self, value: i128) -> Result<Recorded, Error> {
        match (i64::try_from(value), u64::try_from(value)) {
            (Ok(small), _) => plain(small),
            (_, Ok(small)) => plain(small),
            _ => plain(marks::mark(marks::INTEGER, value.to_string())),
        }
    }

    fn serialize_u8(self, value: u8) -> Result<Recorded, Error> {
        plain(value)
    }

    fn serialize_u16(self, value: u16) -> Result<Recorded, Error> {
        plain(value)
    }

    fn serialize_u32(self, value: u32) -> Result<Recorded, Error> {
        plain(value)
    }

    fn serialize_u64(self, value: u64) -> Result<Recorded, Error> {
        plain(value)
    }

    fn serialize_u128(self, value: u128) -> Result<Recorded, Error> {
        match u64::try_from(value) {
            Ok(small) => plain(small),
            Err(_) => plain(marks::mark(marks::INTEGER, value.to_string())),
        }
    }

    fn serialize_f32(self, value: f32) -> Result<Recorded, Error> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<Recorded, Error> {
        plain(Number::from_f64(value).map_or_else(|| marks::float(value), Value::Number))
    }

    fn serialize_char(self, value: char) -> Result<Recorded, Error> {
        plain(value.to_string())
    }

    fn serialize_str(self, value: &str) -> Result<Recorded, Error> {
        plain(value)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<Recorded, Error> {
        // As long as a point in time or an id.
        let mut text = String::with_capacity(40);
        match write!(text, "{value}") {
            Ok(()) => plain(text),
            Err(_) => Err(Error::custom("the value cannot be displayed")),
        }
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Recorded, Error> {
        plain(value.to_vec())
    }

    fn serialize_none(self) -> Result<Recorded, Error> {
        plain(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Recorded, Error> {
        if self.is_too_deep() {
            return plain(marks::too_deep(MOST_LEVELS));
        }
        // One level more: `Some(Some(…))` nests, too.
        let mut recorded = value.serialize(self.inner())?;
        marks::some(&mut recorded.value);
        Ok(recorded)
    }

    fn serialize_unit(self) -> Result<Recorded, Error> {
        plain(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Recorded, Error> {
        plain(Value::Null)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Recorded, Error> {
        plain(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Recorded, Error> {
        if self.is_too_deep() {
            return plain(marks::too_deep(MOST_LEVELS));
        }
        value.serialize(self.inner())
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Recorded, Error> {
        if self.is_too_deep() {
            return plain(marks::too_deep(MOST_LEVELS));
        }
        tagged(variant, self.inner().value(value)?)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Sequence, Error> {
        Ok(Sequence::new(self, None, len))
    }

    fn serialize_tuple(self, len: usize) -> Result<Sequence, Error> {
        Ok(Sequence::new(self, None, Some(len)))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Sequence, Error> {
        Ok(Sequence::new(self, None, Some(len)))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Sequence, Error> {
        Ok(Sequence::new(self, Some(variant), Some(len)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members, Error> {
        Ok(Members::new(self, None, true))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Token, Error> {
        Ok(match name {
            NUMBER | RAW => Token::passed_on(),
            _ => Token::Members(Members::new(self, None, false)),
        })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Members, Error> {
        Ok(Members::new(self, Some(variant), false))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;
    use serde_json::json;

    use super::*;

    fn value<T: Serialize + ?Sized>(value: &T) -> Value {
        record(value).unwrap().value
    }

    #[derive(Serialize)]
    enum Shape {
        Unit,
        New(u8),
        Tuple(u8, u8),
        Struct { a: u8 },
    }

    #[test]
    fn shapes_are_those_of_serde_json() {
        for shape in [
            Shape::Unit,
            Shape::New(1),
            Shape::Tuple(1, 2),
            Shape::Struct { a: 1 },
        ] {
            assert_eq!(value(&shape), serde_json::to_value(&shape).unwrap());
        }
        let all = json!({"a": [1, -1, 0.5, "x", null, true, {"b": []}]});
        assert_eq!(value(&all), all);
        assert_eq!(value(&('x', ())), json!(["x", null]));
    }

    #[test]
    fn numbers_keep_their_exact_value_or_get_a_mark() {
        assert_eq!(value(&u64::MAX), json!(u64::MAX));
        assert_eq!(value(&i64::MIN), json!(i64::MIN));
        assert_eq!(value(&(1_i128 << 62)), json!(1_i64 << 62));
        assert_eq!(
            value(&i128::MIN),
            json!({"$integer": i128::MIN.to_string()})
        );
        assert_eq!(
            value(&u128::MAX),
            json!({"$integer": u128::MAX.to_string()})
        );
        assert_eq!(
            value(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
            json!([{"$float": "NaN"}, {"$float": "inf"}, {"$float": "-inf"}])
        );
        assert_eq!(value(&-0.0_f64).to_string(), "-0.0");
        assert_eq!(value(&f64::MIN_POSITIVE), json!(f64::MIN_POSITIVE));
    }

    #[test]
    fn some_none_is_not_none() {
        assert_eq!(value(&None::<Option<u8>>), json!(null));
        assert_eq!(value(&Some(None::<u8>)), json!({"$some": null}));
        assert_eq!(
            value(&Some(Some(None::<u8>))),
            json!({"$some": {"$some": null}})
        );
        assert_eq!(value(&Some(Some(1))), json!(1));
    }

    #[test]
    fn nothing_that_is_recorded_looks_like_a_mark() {
        assert_eq!(
            value(&json!({"$float": "NaN", "$$x": 1})),
            json!({"$$float": "NaN", "$$$x": 1})
        );
    }

    #[test]
    fn maps_are_told_from_structs() {
        assert!(record(&BTreeMap::from([("a", 1)])).unwrap().is_map);
        assert!(record(&Some(json!({}))).unwrap().is_map);
        assert!(!record(&Shape::Struct { a: 1 }).unwrap().is_map);
        assert!(!record(&json!([])).unwrap().is_map);
    }

    #[test]
    fn keys_are_written_as_text() {
        assert_eq!(
            value(&BTreeMap::from([(-1_i128, 1), (7, 2)])),
            json!({"-1": 1, "7": 2})
        );
        assert_eq!(
            value(&BTreeMap::from([(uuid::Uuid::nil(), true)])),
            json!({"00000000-0000-0000-0000-000000000000": true})
        );
        assert!(record(&BTreeMap::from([((1, 2), 1)])).is_err());
    }

    #[test]
    fn what_is_too_deep_is_marked() {
        let mut deep = json!(1);
        for _ in 0..10_000 {
            deep = Value::Array(vec![deep]);
        }
        let text = value(&deep).to_string();
        assert_eq!(text.matches('[').count(), MOST_LEVELS);
        assert!(text.contains(r#"{"$truncated":{"levels":96}}"#));
        // Dropping it as it is would overflow the stack.
        while let Value::Array(mut items) = deep {
            deep = items.pop().unwrap();
        }
    }
}
