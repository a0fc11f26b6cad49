//! Secrets with a form of their own: PEM blocks, web tokens, authorization schemes.

use std::ops::Range;

use super::text::Scan;

/// The PEM block whose `BEGIN` stands here, to its END line or the end of the text.
///
/// Certificates go with the keys: what an armoured block holds is nobody's business in a log.
pub(super) fn find_pem(scan: &Scan<'_>, at: usize) -> Option<Range<usize>> {
    if !scan.after(at).starts_with(b"BEGIN ") {
        return None;
    }
    let before = scan.before(at);
    // SSH2 files write a space after four dashes.
    let dashes_end = before.strip_suffix(b" ").unwrap_or(before);
    let dashes = dashes_end
        .iter()
        .rev()
        .take_while(|&&byte| byte == b'-')
        .count();
    if dashes < 4 {
        return None;
    }
    let start = scan.floor + dashes_end.len() - dashes;
    let text = scan.text.get(at..)?;
    let end = ["-----END", "---- END"]
        .iter()
        .filter_map(|mark| text.find(mark).map(|found| found + mark.len()))
        .min();
    let Some(label) = end else {
        return Some(start..scan.bytes.len());
    };
    let label = at + label;
    let after_label = scan.run(label, |byte| {
        byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' '
    });
    Some(start..scan.run(after_label, |byte| byte == b'-'))
}

/// The web token whose `eyJ` ends here.
///
/// It is signed (three parts, the last may be empty), encrypted (five) or cut off after two. One part alone is JSON in
/// base64, which page cursors use.
pub(super) fn find_jwt(scan: &mut Scan<'_>, at: usize) -> Option<Range<usize>> {
    let start = at.checked_sub(2)?;
    if start < scan.floor
        || start < scan.no_token_before
        || scan.bytes.get(start..at) != Some(b"ey")
        || !scan.may_start(start)
    {
        return None;
    }
    let header = scan.run(start, is_base64url);
    let end = scan.run(header, |byte| {
        is_base64url(byte) || matches!(byte, b'.' | b'=')
    });
    let parts = scan.bytes.get(header..end)?;
    let points = parts.split(|&byte| byte == b'.').count() - 1;
    let signed = points > 1 && parts.len() > points + 3 || parts.starts_with(b".eyJ");
    if header < start + 10 || !signed {
        scan.no_token_before = end;
        return None;
    }
    // A point after a signature ends a sentence.
    let ends_sentence = points > 2 && parts.ends_with(b".");
    Some(start..if ends_sentence { end - 1 } else { end })
}

/// `Bearer …` or `Basic …`.
pub(super) fn find_scheme(scan: &Scan<'_>, at: usize) -> Option<Range<usize>> {
    let scheme = scan.after(at).get(..6)?;
    let bearer = scheme.eq_ignore_ascii_case(b"bearer");
    let name = if bearer { 6 } else { 5 };
    if !(bearer || scheme.get(..5)?.eq_ignore_ascii_case(b"basic")) || !scan.may_start(at) {
        return None;
    }
    let start = scan.run(at + name, |byte| matches!(byte, b' ' | b'\t' | b'+'));
    // Headers inside a URL have their space encoded.
    let start = if scan.after(at + name).starts_with(b"%20") {
        at + name + 3
    } else {
        start
    };
    let end = scan.run(start, |byte| {
        is_base64url(byte)
            || matches!(byte, b'+' | b'/' | b'=')
            || bearer && matches!(byte, b'.' | b'~' | b'%')
    });
    let credentials = scan.text.get(start..end).filter(|_| start > at + name)?;
    let secret = if bearer {
        !is_prose(credentials)
    } else {
        is_basic(credentials.as_bytes())
    };
    secret.then_some(start..end)
}

/// What is written after the word `Bearer` when no token follows.
fn is_prose(word: &str) -> bool {
    const WORDS: [&str; 26] = [
        "token",
        "tokens",
        "auth",
        "authentication",
        "authorization",
        "scheme",
        "header",
        "headers",
        "credentials",
        "is",
        "was",
        "not",
        "missing",
        "required",
        "invalid",
        "expired",
        "expected",
        "of",
        "or",
        "and",
        "in",
        "for",
        "format",
        "prefix",
        "type",
        "realm",
    ];
    let word = word.trim_end_matches(['.', '=']);
    // `WWW-Authenticate: Bearer realm="…"` holds parameters.
    let word = word.split_once('=').map_or(word, |(name, _)| name);
    word.is_empty() || WORDS.iter().any(|prose| prose.eq_ignore_ascii_case(word))
}

/// Whether this is base64 of `user:password`.
fn is_basic(credentials: &[u8]) -> bool {
    let mut bits = 0_u32;
    let mut count = 0;
    let mut colon = false;
    for byte in credentials.iter().filter(|&&byte| byte != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return false,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            colon |= bits >> count & 0xff == u32::from(b':');
        }
    }
    colon
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use crate::sanitize::{MASK, Sanitizer};

    fn masked(text: &str) -> String {
        Sanitizer::default().text(text).into_owned()
    }

    #[test]
    fn pem_blocks_to_their_end() {
        assert_eq!(
            masked(
                "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----\nb"
            ),
            "a\n********\nb"
        );
        assert_eq!(
            masked("x -----BEGIN OPENSSH PRIVATE KEY-----\nMIIE\nabc"),
            "x ********"
        );
        assert_eq!(
            masked("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nab\n---- END SSH2 KEY ----\nb"),
            "********\nb"
        );
        assert_eq!(
            masked("-----BEGIN A-----\\nab\\n-----END A-----, -----BEGIN B-----"),
            "********, ********"
        );
        for text in [
            "BEGIN TRANSACTION; END",
            "-- BEGIN x",
            "-----BEGINNING",
            "-----END X-----",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn web_tokens_of_two_three_and_five_parts() {
        let header = concat!("eyJ", "hbGciOiJIUzI1NiJ9");
        let payload = concat!("eyJ", "zdWIiOiIxIn0");
        for token in [
            format!("{header}.{payload}.c2ln_-"),
            format!("{header}.{payload}."),
            format!("{header}.{payload}"),
            format!("{header}..aXY.Y2lw.dGFn"),
            format!("{header}.a2V5.aXY.Y2lw.dGFn"),
        ] {
            assert_eq!(masked(&token), MASK);
            assert_eq!(masked(&format!("got '{token}' at")), "got '********' at");
        }
        assert_eq!(
            masked(&format!("got {header}.{payload}.c2ln. Then")),
            "got ********. Then"
        );
        for text in [
            header.to_owned(),
            format!("{header}.json"),
            format!("x{header}.{payload}.a"),
            "eyJa.eyJb.c".to_owned(),
        ] {
            assert_eq!(masked(&text), text);
        }
    }

    #[test]
    fn schemes_with_credentials() {
        assert_eq!(
            masked("sent Bearer abc, then"),
            "sent Bearer ********, then"
        );
        assert_eq!(masked("BEARER a.b-c~d+e/f=="), "BEARER ********");
        assert_eq!(masked("bearer%20a1b2"), "bearer%20********");
        assert_eq!(masked("Basic dXNlcjpwdw=="), "Basic ********");
        for text in [
            "Bearer token missing",
            "bearer authentication",
            "Basic plan",
            "basic research",
            "Basic auth required",
            "forbearer abc",
            "Bearer realm=\"x\"",
            "Bearer",
            "bearer ",
            "a bearer.",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}
