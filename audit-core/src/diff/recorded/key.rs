//! The key of a map, as the name of a member.

use std::fmt::Display;

use serde::ser::{Error as _, Impossible, Serialize, Serializer};
use serde_json::Error;

/// A key as text; an error if it is none.
pub(crate) fn record_key<T: Serialize + ?Sized>(key: &T) -> Result<String, Error> {
    key.serialize(Key)
}

struct Key;

fn no_text<T>() -> Result<T, Error> {
    Err(Error::custom("the key of a map is no text"))
}

#[expect(clippy::unnecessary_wraps, reason = "what every method answers")]
fn text(value: impl Display) -> Result<String, Error> {
    Ok(value.to_string())
}

impl Serializer for Key {
    type Ok = String;
    type Error = Error;
    type SerializeSeq = Impossible<String, Error>;
    type SerializeTuple = Impossible<String, Error>;
    type SerializeTupleStruct = Impossible<String, Error>;
    type SerializeTupleVariant = Impossible<String, Error>;
    type SerializeMap = Impossible<String, Error>;
    type SerializeStruct = Impossible<String, Error>;
    type SerializeStructVariant = Impossible<String, Error>;

    fn serialize_bool(self, value: bool) -> Result<String, Error> {
        text(value)
    }

    fn serialize_i8(self, value: i8) -> Result<String, Error> {
        text(value)
    }

    fn serialize_i16(self, value: i16) -> Result<String, Error> {
        text(value)
    }

    fn serialize_i32(self, value: i32) -> Result<String, Error> {
        text(value)
    }

    fn serialize_i64(self, value: i64) -> Result<String, Error> {
        text(value)
    }

    fn serialize_i128(self, value: i128) -> Result<String, Error> {
        text(value)
    }

    fn serialize_u8(self, value: u8) -> Result<String, Error> {
        text(value)
    }

    fn serialize_u16(self, value: u16) -> Result<String, Error> {
        text(value)
    }

    fn serialize_u32(self, value: u32) -> Result<String, Error> {
        text(value)
    }

    fn serialize_u64(self, value: u64) -> Result<String, Error> {
        text(value)
    }

    fn serialize_u128(self, value: u128) -> Result<String, Error> {
        text(value)
    }

    fn serialize_f32(self, value: f32) -> Result<String, Error> {
        text(value)
    }

    fn serialize_f64(self, value: f64) -> Result<String, Error> {
        text(value)
    }

    fn serialize_char(self, value: char) -> Result<String, Error> {
        text(value)
    }

    fn serialize_str(self, value: &str) -> Result<String, Error> {
        Ok(value.to_owned())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<String, Error> {
        no_text()
    }

    fn serialize_none(self) -> Result<String, Error> {
        no_text()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<String, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<String, Error> {
        no_text()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<String, Error> {
        no_text()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<String, Error> {
        Ok(variant.to_owned())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<String, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<String, Error> {
        no_text()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        no_text()
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        no_text()
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        no_text()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        no_text()
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Error> {
        no_text()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Error> {
        no_text()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        no_text()
    }
}
