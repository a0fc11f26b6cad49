//! Between the words of audit-core and the numbers and bytes of the file.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use audit_core::{ActorKind, EntityId, Error, ErrorKind, IdRef, Outcome, Result, Severity};
use chrono::{DateTime, Utc};
use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use uuid::Uuid;

use crate::error::corrupt;

// The position is the number in the file: entries are only ever added at the end.
const ACTOR_KINDS: &[ActorKind] = &[
    ActorKind::User,
    ActorKind::Service,
    ActorKind::System,
    ActorKind::Anonymous,
    ActorKind::Unattributed,
];
const OUTCOMES: &[Outcome] = &[
    Outcome::Success,
    Outcome::Failure,
    Outcome::Denied,
    Outcome::Cancelled,
    Outcome::Panicked,
    Outcome::Interrupted,
];
const SEVERITIES: &[Severity] = &[
    Severity::Info,
    Severity::Notice,
    Severity::Warning,
    Severity::Critical,
];

/// A closed set of words, each with its number in the file.
pub(crate) trait Numbered: Copy + PartialEq + 'static {
    /// Every word, by number.
    const ALL: &'static [Self];

    fn number(self) -> Result<i64> {
        (0..).zip(Self::ALL).find(|(_, word)| **word == self).map(|(number, _)| number).ok_or_else(|| {
            Error::new(
                ErrorKind::Store,
                "this release of audit-sqlite does not know a word that audit-core uses; update it",
            )
        })
    }

    fn from_number(number: i64) -> Result<Self> {
        usize::try_from(number)
            .ok()
            .and_then(|number| Self::ALL.get(number))
            .copied()
            .ok_or_else(corrupt)
    }
}

impl Numbered for ActorKind {
    const ALL: &'static [Self] = ACTOR_KINDS;
}

impl Numbered for Outcome {
    const ALL: &'static [Self] = OUTCOMES;
}

impl Numbered for Severity {
    const ALL: &'static [Self] = SEVERITIES;
}

/// An id as it stands in a column of any type, so that each kind comes back as it went in.
#[derive(Debug)]
pub(crate) enum Key<'a> {
    /// No id: an empty blob, since nulls would not collide in a unique index.
    None,
    Integer(i64),
    /// An integer above `i64::MAX`: its 19 or 20 digits as a blob, which no UUID can equal.
    Digits(String),
    Text(&'a str),
    Uuid(Uuid),
}

impl<'a> Key<'a> {
    pub(crate) fn of(id: Option<&'a EntityId>) -> Result<Self> {
        Ok(match id.map(EntityId::as_ref) {
            None => Self::None,
            Some(IdRef::Integer(number)) => Self::Integer(number),
            Some(IdRef::Unsigned(number)) => Self::Digits(number.to_string()),
            Some(IdRef::Text(text)) => Self::Text(text),
            Some(IdRef::Uuid(uuid)) => Self::Uuid(uuid),
            Some(_) => {
                return Err(Error::new(
                    ErrorKind::Store,
                    "this release of audit-sqlite does not know a kind of id that audit-core has; update it",
                ));
            }
        })
    }

    pub(crate) fn as_value(&self) -> ValueRef<'_> {
        match self {
            Self::None => ValueRef::Blob(&[]),
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Digits(digits) => ValueRef::Blob(digits.as_bytes()),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Uuid(uuid) => ValueRef::Blob(uuid.as_bytes()),
        }
    }
}

/// The id that stands in a column.
pub(crate) fn id_from(value: ValueRef<'_>) -> Result<Option<EntityId>> {
    Ok(match value {
        ValueRef::Integer(number) => Some(EntityId::from(number)),
        ValueRef::Text(text) => Some(EntityId::from(utf8(text)?)),
        ValueRef::Blob([]) => None,
        ValueRef::Blob(bytes) => Some(match Uuid::from_slice(bytes) {
            Ok(uuid) => EntityId::from(uuid),
            Err(_) => EntityId::from(utf8(bytes)?.parse::<u64>().map_err(|_| corrupt())?),
        }),
        _ => return Err(corrupt()),
    })
}

/// A request id: one that is the usual text of a UUID takes its 16 bytes, any other stays text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RequestKey<'a> {
    Uuid(Uuid),
    Text(&'a str),
}

impl<'a> RequestKey<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        // Only the lower-case hyphenated form comes back letter by letter.
        let canonical = text.len() == 36 && !text.bytes().any(|byte| byte.is_ascii_uppercase());
        match Uuid::try_parse(text) {
            Ok(uuid) if canonical => Self::Uuid(uuid),
            _ => Self::Text(text),
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Uuid(uuid) => Value::Blob(uuid.as_bytes().to_vec()),
            Self::Text(text) => Value::Text((*text).to_owned()),
        }
    }
}

impl ToSql for RequestKey<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Uuid(uuid) => ValueRef::Blob(uuid.as_bytes()),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// The request id that stands in a column.
pub(crate) fn request_from(value: ValueRef<'_>) -> Result<Option<String>> {
    Ok(match value {
        ValueRef::Null => None,
        ValueRef::Text(text) => Some(utf8(text)?.to_owned()),
        ValueRef::Blob(bytes) => Some(uuid(bytes)?.to_string()),
        _ => return Err(corrupt()),
    })
}

/// An address: IPv4 as a signed 32-bit number, which takes at most four bytes and which the view
/// can print; IPv6 as its text, whose shortening SQL could not print.
pub(crate) fn ip_to_value(ip: IpAddr) -> Value {
    match ip {
        IpAddr::V4(v4) => Value::Integer(i64::from(v4.to_bits().cast_signed())),
        IpAddr::V6(v6) => Value::Text(v6.to_string()),
    }
}

/// The address that stands in a column.
pub(crate) fn ip_from(value: ValueRef<'_>) -> Result<Option<IpAddr>> {
    Ok(match value {
        ValueRef::Null => None,
        ValueRef::Integer(bits) => {
            let bits = i32::try_from(bits).map_err(|_| corrupt())?;
            Some(Ipv4Addr::from_bits(bits.cast_unsigned()).into())
        }
        ValueRef::Text(text) => Some(utf8(text)?.parse().map_err(|_| corrupt())?),
        _ => return Err(corrupt()),
    })
}

pub(crate) fn utf8(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| corrupt())
}

pub(crate) fn uuid(bytes: &[u8]) -> Result<Uuid> {
    Uuid::from_slice(bytes).map_err(|_| corrupt())
}

pub(crate) fn time_from(micros: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros).ok_or_else(corrupt)
}

/// The first microsecond that is not before a time, which may be finer than that: entries have
/// whole microseconds, so that both `since` and `until` compare with it.
pub(crate) fn micros_not_before(time: DateTime<Utc>) -> i64 {
    let micros = time.timestamp_micros();
    if time.timestamp_subsec_nanos().is_multiple_of(1000) {
        micros
    } else {
        micros.saturating_add(1)
    }
}

pub(crate) fn duration_to_micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

pub(crate) fn duration_from(micros: i64) -> Result<Duration> {
    u64::try_from(micros)
        .map(Duration::from_micros)
        .map_err(|_| corrupt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_its_number() {
        for outcome in Outcome::ALL {
            assert_eq!(
                Outcome::from_number(outcome.number().unwrap()).unwrap(),
                *outcome
            );
        }
        for severity in Severity::ALL {
            assert_eq!(
                Severity::from_number(severity.number().unwrap()).unwrap(),
                *severity
            );
        }
        assert_eq!(ActorKind::User.number().unwrap(), 0);
        assert_eq!(Outcome::Interrupted.number().unwrap(), 5);
        assert!(Outcome::from_number(-1).is_err());
    }

    #[test]
    fn ids_come_back_in_their_kind() {
        for id in [
            EntityId::from(0),
            EntityId::from(i64::MIN),
            EntityId::from(i64::MAX),
            EntityId::from(i64::MAX as u64 + 1),
            EntityId::from(u64::MAX),
            EntityId::from(""),
            EntityId::from("7"),
            EntityId::from("nul \0 nul"),
            EntityId::from(Uuid::nil()),
            EntityId::from(Uuid::nil().to_string()),
        ] {
            let key = Key::of(Some(&id)).unwrap();
            assert_eq!(id_from(key.as_value()).unwrap(), Some(id));
        }
        assert_eq!(id_from(Key::of(None).unwrap().as_value()).unwrap(), None);
    }

    #[test]
    fn request_ids_come_back_letter_by_letter() {
        for text in [
            "",
            "7",
            "67e55044-10b1-426f-9247-bb680e5fe0c8",
            "67E55044-10B1-426F-9247-BB680E5FE0C8",
            "67e5504410b1426f9247bb680e5fe0c8",
            "{67e55044-10b1-426f-9247-bb680e5fe0c8}",
        ] {
            let key = RequestKey::of(text);
            let value = key.to_value();
            assert_eq!(
                request_from((&value).into()).unwrap().as_deref(),
                Some(text)
            );
        }
        assert!(matches!(
            RequestKey::of("67e55044-10b1-426f-9247-bb680e5fe0c8"),
            RequestKey::Uuid(_)
        ));
    }

    #[test]
    fn addresses_come_back() {
        for ip in [
            "0.0.0.0",
            "127.0.0.1",
            "255.255.255.255",
            "::",
            "2001:db8::1",
            "::ffff:1.2.3.4",
        ] {
            let ip: IpAddr = ip.parse().unwrap();
            let value = ip_to_value(ip);
            assert_eq!(ip_from((&value).into()).unwrap(), Some(ip));
        }
    }

    #[test]
    fn bounds_are_exact_below_the_microsecond() {
        let at = |nanos| DateTime::from_timestamp(1, nanos).unwrap();
        assert_eq!(micros_not_before(at(5_000)), 1_000_005);
        assert_eq!(micros_not_before(at(5_001)), 1_000_006);
        assert_eq!(
            micros_not_before(DateTime::from_timestamp(-1, 999_999_999).unwrap()),
            0
        );
    }
}
