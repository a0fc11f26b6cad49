//! Reading the hops that proxies have noted, the last one first.
//!
//! Everything is read from the right. What proxies have appended is well-formed; what the client has
//! sent stands to the left of it, and may hold an open quote that would swallow the rest.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::HeaderMap;
use http::header::HeaderName;

/// The hops of `X-Forwarded-For`. A hop that cannot be read is `None`.
pub(super) fn x_forwarded_for_hops<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = Option<IpAddr>> + use<'a> {
    let lines = headers.get_all(name).into_iter().rev();
    lines.flat_map(|line| {
        let elements = line.as_bytes().rsplit(|byte| *byte == b',');
        elements.map(|element| address(text(element)?))
    })
}

/// The hops of `Forwarded`: the `for` of each element. A hop that cannot be read is `None`.
pub(super) fn forwarded_hops<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = Option<IpAddr>> + use<'a> {
    let lines = headers.get_all(name).into_iter().rev();
    lines.flat_map(|line| {
        let mut rest = Some(line.as_bytes());
        std::iter::from_fn(move || {
            let (before, element) = split_last(rest?, b',');
            rest = before;
            Some(forwarded_for(element))
        })
    })
}

/// The address that an element of `Forwarded` says it is for.
fn forwarded_for(element: &[u8]) -> Option<IpAddr> {
    let mut rest = Some(element);
    let mut found = None;
    while let Some(parameters) = rest {
        let (before, parameter) = split_last(parameters, b';');
        rest = before;
        let parameter = text(parameter)?;
        if parameter.is_empty() {
            continue;
        }
        let (name, value) = parameter.split_once('=')?;
        if name.eq_ignore_ascii_case("for") {
            if found.is_some() {
                return None;
            }
            found = Some(address(value)?);
        }
    }
    found
}

/// What stands behind the last separator outside of quotes, and what stands before it.
fn split_last(text: &[u8], separator: u8) -> (Option<&[u8]>, &[u8]) {
    let mut is_quoted = false;
    for (at, byte) in text.iter().enumerate().rev() {
        let (before, from_here) = text.split_at(at);
        if *byte == b'"' && !is_escaped(before) {
            is_quoted = !is_quoted;
        } else if *byte == separator && !is_quoted {
            return (Some(before), from_here.get(1..).unwrap_or_default());
        }
    }
    (None, text)
}

fn is_escaped(before: &[u8]) -> bool {
    let slashes = before.iter().rev().take_while(|byte| **byte == b'\\');
    slashes.count() % 2 == 1
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes.trim_ascii()).ok()
}

/// An address as proxies write it: with or without port, brackets and quotes. What hides itself
/// (`unknown`, `_hidden`) is none.
fn address(text: &str) -> Option<IpAddr> {
    let text = match text.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"')?,
        None => text,
    };
    if let Some(bracketed) = text.strip_prefix('[') {
        let (address, port) = bracketed.split_once(']')?;
        let address: Ipv6Addr = address.parse().ok()?;
        return is_port_or_nothing(port).then(|| IpAddr::from(address).to_canonical());
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    let colon = text.find(':')?;
    let (address, port) = text.split_at_checked(colon)?;
    let address: Ipv4Addr = address.parse().ok()?;
    is_port_or_nothing(port).then(|| address.into())
}

/// A port may be hidden, as an address may be.
fn is_port_or_nothing(text: &str) -> bool {
    let Some(port) = text.strip_prefix(':') else {
        return text.is_empty();
    };
    match port.strip_prefix('_') {
        Some(hidden) => {
            let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            !hidden.is_empty() && hidden.bytes().all(is_allowed)
        }
        None => port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_every_dress() {
        for (written, meant) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:4711", "192.0.2.1"),
            ("\"192.0.2.1:4711\"", "192.0.2.1"),
            ("192.0.2.1:_hidden", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("\"[2001:db8::1]:80\"", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("\"[::ffff:192.0.2.1]:80\"", "192.0.2.1"),
        ] {
            assert_eq!(address(written), meant.parse().ok(), "{written}");
        }
    }

    #[test]
    fn what_hides_itself_or_makes_no_sense_is_none() {
        for written in [
            "",
            "unknown",
            "_hidden",
            "192.0.2",
            "192.0.2.1:",
            "192.0.2.1:65536",
            "192.0.2.1:+80",
            "[192.0.2.1]",
            "[2001:db8::1",
            "2001:db8::1]:80",
            "[2001:db8::1]80",
            "\"192.0.2.1",
            "192.0.2.1\"",
            "fe80::1%eth0",
            "192.0.2.1 192.0.2.2",
            "http://192.0.2.1",
            "unix:",
            "192.0.2.1:_",
            "0x7f.0.0.1",
            "192.0.2.01",
        ] {
            assert_eq!(address(written), None, "{written}");
        }
    }

    #[test]
    fn an_element_of_forwarded_has_one_for() {
        let of = |text: &str| forwarded_for(text.as_bytes());
        let meant = "192.0.2.1".parse().ok();
        assert_eq!(of("for=192.0.2.1;proto=http;by=203.0.113.43"), meant);
        assert_eq!(of("By=203.0.113.43; FOR=192.0.2.1 ;"), meant);
        assert_eq!(of("host=\"a;for=6.6.6.6\";for=192.0.2.1"), meant);
        assert_eq!(of("for=192.0.2.1;for=192.0.2.1"), None);
        assert_eq!(of("proto=http"), None);
        assert_eq!(of("192.0.2.1"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn quotes_hide_separators_and_may_be_escaped() {
        let last = |text: &'static str| {
            let (before, last) = split_last(text.as_bytes(), b',');
            (
                before.map(|before| str::from_utf8(before).unwrap()),
                str::from_utf8(last).unwrap(),
            )
        };
        assert_eq!(last("a,b"), (Some("a"), "b"));
        assert_eq!(last("a,\"b,c\""), (Some("a"), "\"b,c\""));
        assert_eq!(last(r#"a,"b\",c""#), (Some("a"), r#""b\",c""#));
        assert_eq!(last(r#"a="\\",b"#), (Some(r#"a="\\""#), "b"));
        // A quote that the client has left open swallows nothing that stands behind it.
        assert_eq!(last("a=\",b"), (Some("a=\""), "b"));
        assert_eq!(last("a=\",\"b\""), (Some("a=\""), "\"b\""));
        assert_eq!(last(""), (None, ""));
    }
}
