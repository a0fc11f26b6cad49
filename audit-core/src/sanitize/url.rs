//! Passwords in URLs.

use std::ops::Range;

use super::text::Scan;

/// Longer than any credentials; keeps the search linear.
const MOST_BYTES: usize = 1024;

/// A user name this long without a password is a token, as in `https://<token>@host`.
const TOKEN_BYTES: usize = 20;

/// The password of the URL whose `://` begins here; also with its delimiters percent-encoded.
pub(super) fn find(scan: &Scan<'_>, at: usize) -> Option<Range<usize>> {
    if !scan.after(at).starts_with(b"://") || !scan.byte_before(at).is_ascii_alphanumeric() {
        return None;
    }
    let from = at + 3;
    let limit = scan.after(from).len().min(MOST_BYTES);
    let end = from
        + scan
            .after(from)
            .get(..limit)?
            .iter()
            .take_while(|&&byte| !ends_url(byte))
            .count();
    let url = scan.bytes.get(from..end)?;
    let authority = url
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
        .unwrap_or(url.len());
    let last_at = |part: &[u8]| part.iter().rposition(|&byte| byte == b'@');
    if let Some(host) = last_at(url.get(..authority)?) {
        let user_info = url.get(..host)?;
        return match user_info.iter().position(|&byte| byte == b':') {
            Some(colon) => Some(from + colon + 1..from + host),
            None => is_token(user_info).then_some(from..from + host),
        };
    }
    // A password that should have been encoded, as in `://user:pa/ss@host`. Digits before the slash are a port, and
    // what begins with a bracket is an IPv6 address.
    let colon = url
        .get(..authority)?
        .iter()
        .position(|&byte| byte == b':')?;
    let first = url.get(colon + 1..authority)?;
    if first.iter().all(u8::is_ascii_digit) && !first.is_empty() || url.first() == Some(&b'[') {
        return None;
    }
    let host = last_at(url)?;
    Some(from + colon + 1..from + host)
}

fn is_token(user: &[u8]) -> bool {
    user.len() >= TOKEN_BYTES
        && user.iter().any(u8::is_ascii_digit)
        && user
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn ends_url(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>')
}

#[cfg(test)]
mod tests {
    use crate::sanitize::Sanitizer;

    #[test]
    fn the_password_goes_and_the_user_stays() {
        let sanitizer = Sanitizer::default();
        for (text, masked) in [
            (
                "postgres://user:pw@host/db",
                "postgres://user:********@host/db",
            ),
            (
                "at amqps://u:p%40w@h:5671/v, again",
                "at amqps://u:********@h:5671/v, again",
            ),
            ("redis://:pw@host:6379", "redis://:********@host:6379"),
            (
                "postgres://u:p@ss:w@host/db?x=a@b",
                "postgres://u:********@host/db?x=a@b",
            ),
            (
                "postgres://u:p/w#1@host/db",
                "postgres://u:********@host/db",
            ),
            (
                "'mongodb+srv://u:pässwörd@h'",
                "'mongodb+srv://u:********@h'",
            ),
            ("https://token:abc@host/x", "https://token:********@host/x"),
            (
                "https://a1b2c3d4e5a1b2c3d4e5@git.example/x",
                "https://********@git.example/x",
            ),
            ("jdbc:mysql://u:p@h:1/d", "jdbc:mysql://u:********@h:1/d"),
            ("a://u:p@h b://v:q@i", "a://u:********@h b://v:********@i"),
        ] {
            assert_eq!(sanitizer.text(text), masked);
            assert_eq!(sanitizer.text(masked), masked);
        }
    }

    #[test]
    fn urls_without_credentials() {
        let sanitizer = Sanitizer::default();
        for text in [
            "https://host:8080/path@version",
            "https://ada@host/x",
            "https://host/a:b@c",
            "http://[::1]:8080/a@b",
            "://u:p@h",
            "https://host",
            "https://host:8080",
            "a://b c:d@e",
            "mailto:a@b.c",
            "https://host/?q=a:b@c",
            "ssh://git@host:22/x",
        ] {
            assert_eq!(sanitizer.text(text), text);
        }
    }
}
