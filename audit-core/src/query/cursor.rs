//! Where a page ended, as text that only its own reader can use.

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use hmac::{Hmac, KeyInit, Mac};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;

use crate::entry::Tenant;
use crate::error::{Error, ErrorKind, Result};
use crate::query::filter::{Filter, Order};

const VERSION: u8 = 1;
const BYTES: usize = 1 + 8 + 16;

/// Where a page ended; give it to [`Entries::after`](crate::Entries::after) for the next one.
///
/// Opaque text that may travel through a URL. It is signed for one tenant, one filter and one
/// order: used elsewhere or edited, reading fails with
/// [`ErrorKind::InvalidCursor`]. The time range is not a part of the
/// bond, so that "the last 30 days" may move between two pages. It tells nothing but a position
/// in the tenant's own log.
///
/// ```
/// use audit_core::{AuditContext, Auditor, Cursor, MemoryStore};
///
/// let auditor = Auditor::new(MemoryStore::new());
/// AuditContext::new("acme").scope(|| {
///     auditor.batch((0..3).map(|_| auditor.log("export"))).record()
/// })?;
/// let log = auditor.tenant("acme");
/// let first = log.entries().limit(2).page()?;
/// let text = first.next.unwrap().to_string();
/// let rest = log.entries().limit(2).after(text.parse::<Cursor>()?).page()?;
/// assert_eq!(rest.entries.len(), 1);
/// assert!(rest.next.is_none());
/// # Ok::<(), audit_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor([u8; BYTES]);

impl Cursor {
    pub(super) fn sign(
        key: &[u8; 32],
        tenant: &Tenant,
        filter: &Filter,
        order: Order,
        index: u64,
    ) -> Self {
        let mut bytes = [0; BYTES];
        let tag = mac(key, tenant, filter, order, index)
            .finalize()
            .into_bytes();
        let content = [VERSION].into_iter().chain(index.to_be_bytes()).chain(tag);
        for (byte, content) in bytes.iter_mut().zip(content) {
            *byte = content;
        }
        Self(bytes)
    }

    /// The index it stands for, if it was signed for this.
    pub(super) fn verify(
        &self,
        key: &[u8; 32],
        tenant: &Tenant,
        filter: &Filter,
        order: Order,
    ) -> Result<u64> {
        let (version, rest) = self.0.split_first().ok_or_else(invalid)?;
        let (index, tag) = rest.split_first_chunk::<8>().ok_or_else(invalid)?;
        let index = u64::from_be_bytes(*index);
        mac(key, tenant, filter, order, index)
            .verify_truncated_left(tag)
            .map_err(|_| invalid())?;
        if *version == VERSION {
            Ok(index)
        } else {
            Err(invalid())
        }
    }
}

fn mac(key: &[u8; 32], tenant: &Tenant, filter: &Filter, order: Order, index: u64) -> Hmac<Sha256> {
    // HMAC takes a key of any length.
    #[expect(
        clippy::expect_used,
        reason = "HMAC-SHA-256 accepts keys of every length"
    )]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key length");
    mac.update(b"audit cursor v1\0");
    mac.update(&(tenant.as_str().len() as u64).to_be_bytes());
    mac.update(tenant.as_str().as_bytes());
    mac.update(&[u8::from(order == Order::OldestFirst)]);
    mac.update(&index.to_be_bytes());
    filter.bind(|tag, bytes| {
        mac.update(&[tag]);
        mac.update(&(bytes.len() as u64).to_be_bytes());
        mac.update(bytes);
    });
    mac
}

fn invalid() -> Error {
    Error::new(
        ErrorKind::InvalidCursor,
        "the cursor does not belong to this tenant, filter and order, or was edited; begin again without a cursor",
    )
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cursor(")?;
        fmt::Display::fmt(self, f)?;
        f.write_char(')')
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let digits = text.as_bytes();
        if digits.len() != 2 * BYTES || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(invalid());
        }
        let mut bytes = [0; BYTES];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| invalid())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| invalid())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn cursor() -> (Tenant, Filter, Cursor) {
        let (tenant, filter) = (Tenant::from("acme"), Filter::default());
        let cursor = Cursor::sign(&KEY, &tenant, &filter, Order::NewestFirst, 42);
        (tenant, filter, cursor)
    }

    #[test]
    fn it_serves_only_the_reader_it_was_made_for() {
        let (tenant, filter, cursor) = cursor();
        let verify = |key, tenant: &Tenant, filter: &Filter, order| {
            cursor
                .verify(key, tenant, filter, order)
                .map_err(|error| error.kind())
        };
        assert_eq!(verify(&KEY, &tenant, &filter, Order::NewestFirst), Ok(42));
        let refused = Err(ErrorKind::InvalidCursor);
        assert_eq!(
            verify(&[8; 32], &tenant, &filter, Order::NewestFirst),
            refused
        );
        assert_eq!(
            verify(&KEY, &"acmf".into(), &filter, Order::NewestFirst),
            refused
        );
        assert_eq!(verify(&KEY, &tenant, &filter, Order::OldestFirst), refused);
        let mut other = filter.clone();
        other.entity_type = Some("incident".to_owned());
        assert_eq!(verify(&KEY, &tenant, &other, Order::NewestFirst), refused);
        let mut later = filter;
        later.since = Some(chrono::Utc::now());
        assert_eq!(verify(&KEY, &tenant, &later, Order::NewestFirst), Ok(42));
    }

    #[test]
    fn every_edited_bit_is_noticed() {
        let (tenant, filter, cursor) = cursor();
        for bit in 0..BYTES * 8 {
            let mut bytes = cursor.0;
            bytes[bit / 8] ^= 1 << (bit % 8);
            let edited: Cursor = Cursor(bytes).to_string().parse().unwrap();
            assert!(
                edited
                    .verify(&KEY, &tenant, &filter, Order::NewestFirst)
                    .is_err()
            );
        }
    }

    #[test]
    fn parts_of_a_filter_cannot_be_shifted_into_each_other() {
        let (tenant, mut filter, _) = cursor();
        filter.entity_type = Some("ab".to_owned());
        let cursor = Cursor::sign(&KEY, &tenant, &filter, Order::NewestFirst, 1);
        filter.entity_type = None;
        filter.changed = Some("ab".to_owned());
        assert!(
            cursor
                .verify(&KEY, &tenant, &filter, Order::NewestFirst)
                .is_err()
        );
    }

    #[test]
    fn text_that_is_no_cursor_is_refused() {
        for text in [
            "",
            "zz",
            "é",
            &"0".repeat(49),
            &"+1".repeat(25),
            &"é".repeat(25),
        ] {
            assert_eq!(
                text.parse::<Cursor>().unwrap_err().kind(),
                ErrorKind::InvalidCursor
            );
        }
    }
}
