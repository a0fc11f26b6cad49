//! Lists and objects, piece by piece.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};
use serde_json::{Error, Map, Value};

use super::key::record_key;
use super::{MOST_LEVELS, Recorded, Recorder, tagged};
use crate::entry::marks;

pub(super) struct Sequence {
    recorder: Recorder,
    variant: Option<&'static str>,
    /// `None` where it is too deep to be looked at.
    items: Option<Vec<Value>>,
}

impl Sequence {
    pub(super) fn new(
        recorder: Recorder,
        variant: Option<&'static str>,
        len: Option<usize>,
    ) -> Self {
        // A length is a promise of the value; a false one must not take the memory.
        let capacity = len.unwrap_or(0).min(1024);
        let items = (!recorder.is_too_deep()).then(|| Vec::with_capacity(capacity));
        Self {
            recorder,
            variant,
            items,
        }
    }

    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        if let Some(items) = &mut self.items {
            items.push(self.recorder.inner().value(value)?);
        }
        Ok(())
    }

    fn close(self) -> Result<Recorded, Error> {
        match (self.items, self.variant) {
            (None, _) => Ok(marks::too_deep(MOST_LEVELS).into()),
            (Some(items), None) => Ok(Value::Array(items).into()),
            (Some(items), Some(variant)) => tagged(variant, Value::Array(items)),
        }
    }
}

pub(super) struct Members {
    recorder: Recorder,
    variant: Option<&'static str>,
    is_map: bool,
    key: Option<String>,
    /// `None` where it is too deep to be looked at.
    map: Option<Map<String, Value>>,
}

impl Members {
    pub(super) fn new(recorder: Recorder, variant: Option<&'static str>, is_map: bool) -> Self {
        Self {
            recorder,
            variant,
            is_map,
            key: None,
            map: (!recorder.is_too_deep()).then(Map::new),
        }
    }

    fn insert<T: Serialize + ?Sized>(&mut self, name: String, value: &T) -> Result<(), Error> {
        if let Some(map) = &mut self.map {
            map.insert(marks::escaped(name), self.recorder.inner().value(value)?);
        }
        Ok(())
    }

    fn close(self) -> Result<Recorded, Error> {
        match (self.map, self.variant) {
            (None, _) => Ok(marks::too_deep(MOST_LEVELS).into()),
            (Some(map), None) => Ok(Recorded {
                value: Value::Object(map),
                is_map: self.is_map,
            }),
            (Some(map), Some(variant)) => tagged(variant, Value::Object(map)),
        }
    }
}

/// A struct; or a number or JSON text that is passed on as it is, behind the mask of a struct.
pub(super) enum Token {
    Members(Members),
    PassedOn(Value),
}

impl Token {
    pub(super) fn passed_on() -> Self {
        Self::PassedOn(Value::Null)
    }
}

impl SerializeSeq for Sequence {
    type Ok = Recorded;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.push(value)
    }

    fn end(self) -> Result<Recorded, Error> {
        self.close()
    }
}

impl SerializeTuple for Sequence {
    type Ok = Recorded;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.push(value)
    }

    fn end(self) -> Result<Recorded, Error> {
        self.close()
    }
}

impl SerializeTupleStruct for Sequence {
    type Ok = Recorded;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.push(value)
    }

    fn end(self) -> Result<Recorded, Error> {
        self.close()
    }
}

impl SerializeTupleVariant for Sequence {
    type Ok = Recorded;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.push(value)
    }

    fn end(self) -> Result<Recorded, Error> {
        self.close()
    }
}

impl SerializeMap for Members {
    type Ok = Recorded;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.key = Some(record_key(key)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let key = self.key.take().unwrap_or_default();
        self.insert(key, value)
    }

    fn end(self) -> Result<Recorded, Error> {
        self.close()
    }
}

impl SerializeStructVariant for Members {
    type Ok = Recorded;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.insert(name.to_owned(), value)
    }

    fn end(self) -> Result<Recorded, Error> {
        self.close()
    }
}

impl SerializeStruct for Token {
    type Ok = Recorded;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        match self {
            Self::Members(members) => members.insert(name.to_owned(), value),
            Self::PassedOn(passed) => {
                *passed = serde_json::from_str(&record_key(value)?)?;
                Ok(())
            }
        }
    }

    fn end(self) -> Result<Recorded, Error> {
        match self {
            Self::Members(members) => members.close(),
            Self::PassedOn(value) => Ok(value.into()),
        }
    }
}
