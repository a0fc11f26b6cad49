//! The id of a request.

use std::sync::Arc;

use audit_core::Sanitizer;
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};
use uuid::Uuid;

pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longer ones are no ids but attempts to fill the log.
const MAX_BYTES: usize = 128;

/// The id of a request, in its extensions and in the header `x-request-id` of its response.
///
/// The one that the request brings is kept if it is well-formed: one header of 1 to 128 letters, digits
/// and `-_.:~+/=@`, in which the sanitizer masks nothing. Otherwise, and so for what looks like a card or
/// a token, it is a new `UUIDv7`: the answer and the log have the same id. It is what the client says: it
/// finds entries, and proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn of(headers: &HeaderMap, sanitizer: &Sanitizer) -> Self {
        let mut lines = headers.get_all(X_REQUEST_ID).iter();
        let brought = match (lines.next(), lines.next()) {
            (Some(line), None) => line.to_str().ok(),
            _ => None,
        };
        let is_recorded_as_it_is = |id: &str| sanitizer.text(id) == id;
        let brought = brought.filter(|id| is_well_formed(id) && is_recorded_as_it_is(id));
        Self(match brought {
            Some(id) => id.into(),
            None => Uuid::now_v7().to_string().into(),
        })
    }

    pub(super) fn to_header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

fn is_well_formed(id: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:~+/=@".contains(&byte);
    (1..=MAX_BYTES).contains(&id.len()) && id.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_REQUEST_ID, HeaderValue::from_bytes(line).unwrap());
        }
        RequestId::of(&headers, &Sanitizer::default())
            .as_str()
            .to_owned()
    }

    #[test]
    fn a_well_formed_id_is_kept() {
        for id in [
            "r-1",
            "01993f6e-9c2b-7c3d",
            "Root=1-67891233/abc",
            &"x".repeat(128),
        ] {
            assert_eq!(of(&[id.as_bytes()]), id);
        }
    }

    #[test]
    fn any_other_is_replaced_by_a_new_one() {
        let long = "x".repeat(129);
        let lines: [&[&[u8]]; 14] = [
            &[],
            &[b""],
            &[b"a b"],
            &[b"a\"b"],
            &[b"<script>"],
            &["\u{e4}".as_bytes()],
            &[b"\xff"],
            &[b"r-1", b"r-2"],
            &[long.as_bytes()],
            // What the log would mask.
            &[b"4111111111111111"],
            &[b"key=abc123"],
            &[b"token:xyz"],
            &[b"AKIAIOSFODNN7EXAMPLE"],
            &[b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"],
        ];
        for lines in lines {
            let id = of(lines);
            let made = Uuid::parse_str(&id).unwrap();
            assert_eq!(made.get_version_num(), 7, "{lines:?}");
        }
    }
}
