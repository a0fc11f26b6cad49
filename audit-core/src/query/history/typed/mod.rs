//! What was recorded, as a type of the application's own.

mod failure;
mod key;

use serde::de::{
    DeserializeOwned, DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};
use serde::{Deserializer, forward_to_deserialize_any};
use serde_json::{Map, Value};

use self::failure::Failure;
use self::key::Key;
use crate::diff::VARIANT;
use crate::entry::Obscured;
use crate::entry::marks::{self, FLOAT, INTEGER, SOME, unescaped};
use crate::entry::path::{push_member, push_position};
use crate::error::Result;

/// The fields of a record as the type asks for them. Marks become what they stand for.
pub(super) fn read<T: DeserializeOwned>(fields: &Value) -> Result<T> {
    let record = Recorded {
        value: fields,
        is_record: true,
    };
    T::deserialize(record).map_err(Failure::into_error)
}

/// A value as it was recorded.
#[derive(Clone, Copy)]
struct Recorded<'v> {
    value: &'v Value,
    /// Not inside of anything.
    is_record: bool,
}

impl<'v> Recorded<'v> {
    fn inside(value: &'v Value) -> Self {
        Self {
            value,
            is_record: false,
        }
    }

    fn visit<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if let Some(why) = Obscured::of(self.value) {
            return Err(Failure::obscured(why));
        }
        if let Some((name, value)) = marks::of(self.value) {
            return match (name, value) {
                (FLOAT, Value::String(text)) => visitor.visit_f64(float(text)?),
                (INTEGER, Value::String(text)) => integer(text, visitor),
                (SOME, value) => visitor.visit_some(Self::inside(value)),
                _ => Err(Failure::custom("")),
            };
        }
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => visitor.visit_u64(number),
                (_, Some(number), _) => visitor.visit_i64(number),
                (.., number) => visitor.visit_f64(number.unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_str(text),
            Value::Array(items) => visitor.visit_seq(Items::new(items)),
            Value::Object(members) => visitor.visit_map(Members::new(members)),
        }
    }
}

fn float(text: &str) -> Result<f64, Failure> {
    text.parse().map_err(Failure::custom)
}

fn integer<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, Failure> {
    match (text.parse(), text.parse()) {
        (Ok(number), _) => visitor.visit_i128(number),
        (_, Ok(number)) => visitor.visit_u128(number),
        (Err(error), _) => Err(Failure::custom(error)),
    }
}

/// A column may hold a whole number with a fraction of nothing.
macro_rules! whole_numbers {
    ($($name:ident)*) => {$(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            match whole(self.value) {
                Some(number) => visitor.visit_i64(number),
                None => self.visit(visitor),
            }
        }
    )*};
}

/// The whole number that a float is, if it is one and exact.
fn whole(value: &Value) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;

    let number = value.as_f64().filter(|_| value.is_f64())?;
    if number.fract() != 0.0 || number.abs() > EXACT {
        return None;
    }
    format!("{number:.0}").parse().ok()
}

impl<'de> Deserializer<'de> for Recorded<'_> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.visit(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match (self.value, marks::of(self.value)) {
            (Value::Null, _) => visitor.visit_none(),
            (_, Some((SOME, value))) => visitor.visit_some(Self::inside(value)),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let mut value = self.value;
        // An enum that is the record itself stands under a name of its own.
        if self.is_record
            && let Some(variant) = value.get(VARIANT)
        {
            value = variant;
        }
        if let Some(why) = Obscured::of(value) {
            return Err(Failure::obscured(why));
        }
        let members = value.as_object().map(|members| members.iter());
        let (name, content) = match (value, members.map(|mut all| (all.next(), all.next()))) {
            (Value::String(name), _) => (name.as_str(), None),
            (_, Some((Some((name, content)), None))) => (unescaped(name), Some(content)),
            _ => return Err(Failure::custom("")),
        };
        visitor.visit_enum(Variant { name, content })
    }

    whole_numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    /// A row of a table holds a truth value as a number.
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.value.as_i64() {
            Some(number @ 0..=1) => visitor.visit_bool(number == 1),
            _ => self.visit(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct identifier
    }
}

/// The items of a list.
struct Items<'v> {
    items: std::iter::Enumerate<std::slice::Iter<'v, Value>>,
}

impl<'v> Items<'v> {
    fn new(items: &'v [Value]) -> Self {
        Self {
            items: items.iter().enumerate(),
        }
    }
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Failure;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Failure> {
        let Some((position, item)) = self.items.next() else {
            return Ok(None);
        };
        let read = seed.deserialize(Recorded::inside(item));
        read.map(Some)
            .map_err(|failure| failure.inside(|path| push_position(path, position)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// The members of a struct or a map.
struct Members<'v> {
    members: serde_json::map::Iter<'v>,
    value: Option<(&'v str, &'v Value)>,
}

impl<'v> Members<'v> {
    fn new(members: &'v Map<String, Value>) -> Self {
        Self {
            members: members.iter(),
            value: None,
        }
    }
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = Failure;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Failure> {
        let Some((name, value)) = self.members.next() else {
            return Ok(None);
        };
        self.value = Some((name, value));
        let read = seed.deserialize(Key(unescaped(name)));
        read.map(Some)
            .map_err(|failure| failure.inside(|path| push_member(path, name)))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Failure> {
        let (name, value) = self.value.take().unwrap_or(("", &Value::Null));
        seed.deserialize(Recorded::inside(value))
            .map_err(|failure| failure.inside(|path| push_member(path, name)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.members.len())
    }
}

/// A variant of an enum.
struct Variant<'v> {
    name: &'v str,
    content: Option<&'v Value>,
}

impl<'de, 'v> EnumAccess<'de> for Variant<'v> {
    type Error = Failure;
    type Variant = Content<'v>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Content<'v>), Failure> {
        let name: serde::de::value::StrDeserializer<'_, Failure> = self.name.into_deserializer();
        let content = Content {
            variant: self.name,
            value: self.content,
        };
        seed.deserialize(name).map(|variant| (variant, content))
    }
}

/// What a variant holds.
struct Content<'v> {
    variant: &'v str,
    value: Option<&'v Value>,
}

impl Content<'_> {
    fn read<R>(self, read: impl FnOnce(Recorded<'_>) -> Result<R, Failure>) -> Result<R, Failure> {
        let value = self.value.unwrap_or(&Value::Null);
        read(Recorded::inside(value))
            .map_err(|failure| failure.inside(|path| push_member(path, self.variant)))
    }
}

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        match self.value {
            None | Some(Value::Null) => Ok(()),
            Some(_) => Err(Failure::custom("")),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Failure> {
        self.read(|content| seed.deserialize(content))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Failure> {
        self.read(|content| content.visit(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.read(|content| content.visit(visitor))
    }
}
