//! Values of which only a keyed digest is kept, so that equality can be asked later.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use uuid::Uuid;

use super::Recordable;
use crate::entry::marks;
use crate::entry::path::{Step, push_member, steps};
use crate::entry::{Changes, Tenant};
use crate::error::{Error, Result};

/// A value that `#[audit(hash)]` can hide: it has so many possible values that its digest does not
/// tell which one it is.
///
/// A truth value and an enum without fields are none: two digests would soon be known for what
/// they are. Implement it for your own types that hold, say, an address or a number.
///
/// ```
/// use audit_core::{Audited, Digestible};
///
/// #[derive(PartialEq, serde::Serialize)]
/// struct Email(String);
///
/// impl Digestible for Email {}
///
/// #[derive(Audited)]
/// struct Person {
///     #[audit(id)]
///     id: u32,
///     #[audit(hash)]
///     email: Email,
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a digest of `{Self}` would hide nothing",
    label = "`Digestible` is not implemented for `{Self}`",
    note = "where a type has few values, each is soon known by its digest: use `#[audit(redact)]` for a truth value or an enum without fields",
    note = "a type of yours with many values says so by `impl audit_core::Digestible for {Self} {{}}`"
)]
pub trait Digestible: Recordable {}

macro_rules! digestible {
    ($($many:ty),* $(,)?) => {$(
        impl Digestible for $many {}
    )*};
}

digestible!(
    i16,
    i32,
    i64,
    i128,
    isize,
    u16,
    u32,
    u64,
    u128,
    usize,
    f32,
    f64,
    str,
    String,
    Uuid,
    IpAddr,
    Ipv4Addr,
    Ipv6Addr,
    SocketAddr,
    NaiveDate,
    NaiveDateTime,
    NaiveTime,
    [u8],
    Vec<u8>,
    Value,
);

impl<Z: TimeZone> Digestible for DateTime<Z> where Self: Recordable {}
impl<const N: usize> Digestible for [u8; N] where Self: Recordable {}

macro_rules! digestible_inside {
    ($($outer:ty),* $(,)?) => {$(
        impl<T: Digestible + ?Sized> Digestible for $outer where Self: Recordable {}
    )*};
}

digestible_inside!(&T, Box<T>, Rc<T>, Arc<T>);

impl<T: Digestible> Digestible for Option<T> where Self: Recordable {}
impl<T: Digestible + ToOwned + ?Sized> Digestible for Cow<'_, T> where Self: Recordable {}

/// What stands in changes for a value that is digested when it is recorded.
pub(super) fn placeholder(number: usize) -> Value {
    marks::mark(marks::HASH, format!("?{number}"))
}

/// The secret that digests are made with.
#[derive(Clone)]
pub(crate) struct DigestKey {
    keyed: Hmac<Sha256>,
    /// Says which key it was, and nothing about it.
    id: String,
}

impl DigestKey {
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        // A key that is shorter than a block is followed by zeros (RFC 2104, section 2).
        let mut block = [0; 64];
        block
            .iter_mut()
            .zip(secret)
            .for_each(|(to, from)| *to = *from);
        let keyed = Hmac::<Sha256>::new(&block.into());
        let id = hex(&mac(&keyed, [b"audit digest key id".as_slice()]), 4);
        Self { keyed, id }
    }

    /// The digest of a value at a path, as it stands in changes.
    pub(crate) fn digest(&self, tenant: &Tenant, entity: &str, path: &str, value: &Value) -> Value {
        let mut text = String::new();
        canonical(value, &mut text);
        let field = members(path);
        let parts = [
            b"audit digest v1".as_slice(),
            tenant.as_str().as_bytes(),
            entity.as_bytes(),
            field.as_bytes(),
            text.as_bytes(),
        ];
        let digest = hex(&mac(&self.keyed, parts), 16);
        marks::mark(marks::HASH, format!("{}:{digest}", self.id))
    }

    /// Puts digests in place of what stands for them.
    pub(crate) fn resolve(&self, changes: &mut Changes, tenant: &Tenant, entity: &str) {
        let Some(mut extra) = changes.take_extra() else {
            return;
        };
        let digests = std::mem::take(&mut extra.digests);
        for (path, change) in changes.iter_mut() {
            for value in change.old.iter_mut().chain(change.new.iter_mut()) {
                let mut path = path.to_owned();
                walk(value, &mut path, &mut |path, number| {
                    let plain = digests.get(number)?;
                    Some(self.digest(tenant, entity, path, &plain.0))
                });
            }
        }
        extra.digested |= !digests.is_empty();
        *changes.extra_mut() = *extra;
    }
}

impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DigestKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The value as the fields of a record report it.
///
/// # Errors
///
/// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if it cannot be written as JSON.
pub(crate) fn recorded<T: Digestible + ?Sized>(value: &T) -> Result<Value> {
    value
        .to_recorded()
        .map(|recorded| recorded.value)
        .map_err(|_| {
            Error::invalid("the value cannot be written as JSON; give its type another `Serialize`")
        })
}

/// Puts a digest in place of each placeholder in a value.
fn walk(
    value: &mut Value,
    path: &mut String,
    digest: &mut impl FnMut(&str, usize) -> Option<Value>,
) {
    if let Some((marks::HASH, Value::String(text))) = marks::of(value) {
        let number = text.strip_prefix('?').and_then(|text| text.parse().ok());
        if let Some(digest) = number.and_then(|number| digest(path, number)) {
            *value = digest;
        }
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, path, digest)),
        Value::Object(members) => {
            for (name, member) in members {
                let end = path.len();
                push_member(path, name);
                walk(member, path, digest);
                path.truncate(end);
            }
        }
        _ => {}
    }
}

/// The names on a path without the keys and positions of items: the same field of all of them.
fn members(path: &str) -> String {
    let names: Vec<_> = steps(path)
        .filter_map(|step| match step {
            Step::Member(name) => Some(name),
            Step::Item { .. } | Step::Position(_) => None,
        })
        .collect();
    names.join("\u{0}")
}

fn mac<'a>(keyed: &Hmac<Sha256>, parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut mac = keyed.clone();
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8], most: usize) -> String {
    use fmt::Write as _;
    bytes
        .iter()
        .take(most)
        .fold(String::new(), |mut text, byte| {
            // Writing to a string never fails.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// JSON in which the order of members is that of their names.
fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for item in items {
                canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (name, member) in members {
                text.push_str(&Value::String(name.clone()).to_string());
                text.push(':');
                canonical(member, text);
                text.push(',');
            }
            text.push('}');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}
