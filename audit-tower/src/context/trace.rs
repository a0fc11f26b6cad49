//! The W3C trace that a request is a part of.

use http::HeaderMap;
use http::header::HeaderName;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What stands in `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TraceParent<'a> {
    pub(super) trace_id: &'a str,
    pub(super) parent_id: &'a str,
}

impl<'a> TraceParent<'a> {
    /// The one that the request brings, if there is one and it is well-formed.
    pub(super) fn of(headers: &'a HeaderMap) -> Option<Self> {
        let mut lines = headers.get_all(TRACEPARENT).iter();
        match (lines.next(), lines.next()) {
            (Some(line), None) => Self::parse(line.to_str().ok()?),
            _ => None,
        }
    }

    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, trace_id) = (parts.next()?, parts.next()?);
        let (parent_id, flags) = (parts.next()?, parts.next()?);
        // Later versions may add to the end; the first one may not, and `ff` is none.
        let has_more = parts.next().is_some();
        let is_version = is_hex(version, 2) && version != "ff" && (version != "00" || !has_more);
        let is_whole = is_id(trace_id, 32) && is_id(parent_id, 16) && is_hex(flags, 2);
        (is_version && is_whole).then_some(Self {
            trace_id,
            parent_id,
        })
    }
}

fn is_id(text: &str, digits: usize) -> bool {
    is_hex(text, digits) && text.bytes().any(|byte| byte != b'0')
}

fn is_hex(text: &str, digits: usize) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == digits && text.bytes().all(is_digit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00f067aa0ba902b7";

    #[test]
    fn a_trace_is_read() {
        let meant = Some(TraceParent {
            trace_id: TRACE,
            parent_id: PARENT,
        });
        assert_eq!(
            TraceParent::parse(&format!("00-{TRACE}-{PARENT}-01")),
            meant
        );
        assert_eq!(
            TraceParent::parse(&format!("cc-{TRACE}-{PARENT}-01")),
            meant
        );
        assert_eq!(
            TraceParent::parse(&format!("cc-{TRACE}-{PARENT}-01-what-is-to-come")),
            meant
        );
    }

    #[test]
    fn anything_else_is_none() {
        let upper = TRACE.to_uppercase();
        let zero = "0".repeat(32);
        for text in [
            String::new(),
            format!("00-{TRACE}-{PARENT}"),
            format!("00-{TRACE}-{PARENT}-01-more"),
            format!("00-{TRACE}-{PARENT}-01-"),
            format!("ff-{TRACE}-{PARENT}-01"),
            format!("0-{TRACE}-{PARENT}-01"),
            format!("00-{upper}-{PARENT}-01"),
            format!("00-{zero}-{PARENT}-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{TRACE}-{PARENT}-1"),
            format!("00-{TRACE}0-{PARENT}-01"),
            format!(" 00-{TRACE}-{PARENT}-01"),
            format!("00-{TRACE}-{PARENT}-\u{661}"),
        ] {
            assert_eq!(TraceParent::parse(&text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_hexadecimal(text in "[0-9a-fg-]{0,60}|\\PC{0,60}") {
            if let Some(trace) = TraceParent::parse(&text) {
                prop_assert!(is_id(trace.trace_id, 32) && is_id(trace.parent_id, 16));
            }
        }
    }
}
