//! A sensitive name with its value in a text.

#[cfg(test)]
mod tests;

use std::ops::Range;

use super::Detector;
use super::extent;
use super::label::{MOST_NAME_BYTES, Name, ends_listed_phrase, is_secret};
use super::text::Scan;

/// `password=x`, `"api_key": "x"`, `token => x`, `Cookie: a=b`, `token%3Dx`; the operator begins at this offset.
pub(super) fn find(scan: &Scan<'_>, at: usize) -> Option<Range<usize>> {
    let operator = Operator::at(scan, at)?;
    let name = Name::before(scan.bytes, scan.floor, at)?;
    let behind = name.behind_escape(scan);
    let header = operator.sign == b':'
        && !name.quoted
        && (is_header(name.bytes(scan))
            || behind
                .as_ref()
                .is_some_and(|behind| is_header(behind.bytes(scan))));
    let hit = header && scan.rules.detects(Detector::AuthHeader)
        || scan.rules.detects(Detector::Assignment)
            && (is_secret(scan, &name)
                || behind.is_some_and(|behind| is_secret(scan, &behind))
                || ends_listed_phrase(scan, &name));
    if !hit {
        None
    } else if header {
        Some(extent::of_line(scan, name.start, operator.end, b""))
    } else if !name.quoted && is_phrase(name.bytes(scan)) {
        Some(extent::of_line(scan, name.start, operator.end, b"&;"))
    } else {
        extent::of_value(scan, operator.end, operator.encoded)
    }
}

/// `--password x`; the second hyphen is at this offset.
pub(super) fn find_flag(scan: &Scan<'_>, at: usize) -> Option<Range<usize>> {
    if scan.byte_before(at) != b'-' || !scan.byte(at + 1).is_ascii_alphabetic() {
        return None;
    }
    let name = scan.after(at + 1).iter().take(MOST_NAME_BYTES);
    let end = at
        + 1
        + name
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
            .count();
    let value = scan.run(end, |byte| byte == b' ');
    let takes_value = value > end && scan.byte(value) != b'-';
    if takes_value && scan.rules.path_secret(scan.text.get(at + 1..end)?) {
        extent::of_value(scan, value, false)
    } else {
        None
    }
}

/// `<password>x</password>`; the first `>` is at this offset.
pub(super) fn find_tag(scan: &Scan<'_>, at: usize) -> Option<Range<usize>> {
    const MOST_BYTES: usize = 16 * 1024;
    let name = Name::before(scan.bytes, scan.floor, at)?;
    if name.quoted
        || name.end != at
        || !matches!(scan.byte_before(name.start), b'<' | b':')
        || !is_secret(scan, &name)
    {
        return None;
    }
    let name = name.bytes(scan);
    let content = scan.after(at + 1);
    let content = content.get(..MOST_BYTES).unwrap_or(content);
    let closing = content
        .windows(name.len() + 1)
        .enumerate()
        .find_map(|(index, window)| {
            let (&mark, closed) = window.split_first()?;
            // A prefix such as `ns:` stands before the name in both tags.
            (closed == name && matches!(mark, b'/' | b':')).then_some(index)
        })?;
    let length = content
        .get(..closing)?
        .iter()
        .rposition(|&byte| byte == b'<')?;
    (!content.get(..length)?.trim_ascii().is_empty()).then_some(at + 1..at + 1 + length)
}

/// `PASSWORD 'x'` and `IDENTIFIED BY 'x'` of SQL; the quote is at this offset.
pub(super) fn find_sql(scan: &Scan<'_>, at: usize) -> Option<Range<usize>> {
    const WORDS: [&[u8]; 5] = [
        b"password",
        b"passwd",
        b"pwd",
        b"passphrase",
        b"identified by",
    ];
    if scan.byte_before(at) != b' ' {
        return None;
    }
    let before = scan.before(at).trim_ascii_end();
    let follows = WORDS.iter().any(|word| {
        before.len().checked_sub(word.len()).is_some_and(|start| {
            before
                .get(start..)
                .is_some_and(|end| end.eq_ignore_ascii_case(word))
                && scan.may_start(scan.floor + start)
        })
    });
    if follows {
        extent::of_value(scan, at, false)
    } else {
        None
    }
}

/// What stands between name and value.
struct Operator {
    /// `:` or `=`.
    sign: u8,
    end: usize,
    encoded: bool,
}

impl Operator {
    fn at(scan: &Scan<'_>, at: usize) -> Option<Self> {
        let after = scan.after(at);
        match after.first()? {
            // `a::b` is a path, `a://` begins a URL.
            b':' if matches!(scan.byte(at + 1), b':')
                || after.starts_with(b"://")
                || in_time(scan, at) =>
            {
                None
            }
            b':' => Some(Self {
                sign: b':',
                end: scan.run(at + 1, |byte| byte == b'='),
                encoded: false,
            }),
            // Of several the first is the operator.
            b'=' if scan.byte_before(at) == b'=' => None,
            b'=' => {
                let end = scan.run(at, |byte| byte == b'=');
                let end = if scan.byte(end) == b'>' { end + 1 } else { end };
                Some(Self {
                    sign: b'=',
                    end,
                    encoded: false,
                })
            }
            b'%' => {
                // Encoded once (`%3D`) or twice (`%253D`).
                let code = after
                    .strip_prefix(b"%25")
                    .or_else(|| after.strip_prefix(b"%"))?;
                let sign = match code.get(..2)? {
                    b"3D" | b"3d" => b'=',
                    b"3A" | b"3a" => b':',
                    _ => return None,
                };
                let end = at + after.len() - code.len() + 2;
                let url = scan
                    .after(end)
                    .get(..6)
                    .is_some_and(|code| code.eq_ignore_ascii_case(b"%2f%2f"));
                (!url).then_some(Self {
                    sign,
                    end,
                    encoded: true,
                })
            }
            _ => None,
        }
    }
}

/// Whether this colon stands in a time such as `12:30`, the most frequent colon that follows no name.
fn in_time(scan: &Scan<'_>, at: usize) -> bool {
    let digit = |at: usize| scan.byte(at).is_ascii_digit();
    at >= scan.floor + 2
        && digit(at - 1)
        && digit(at - 2)
        && digit(at + 1)
        && digit(at + 2)
        && matches!(
            scan.byte_before(at - 2),
            0 | b'T' | b' ' | b':' | b'+' | b'-'
        )
}

/// Headers whose whole line is the secret, spaces and all.
fn is_header(name: &[u8]) -> bool {
    [
        b"authorization".as_slice(),
        b"proxy-authorization",
        b"cookie",
        b"set-cookie",
    ]
    .iter()
    .any(|header| name.eq_ignore_ascii_case(header))
}

/// Names of secrets that are several words long.
fn is_phrase(name: &[u8]) -> bool {
    [b"phrase".as_slice(), b"mnemonic"].iter().any(|word| {
        name.len()
            .checked_sub(word.len())
            .and_then(|start| name.get(start..))
            .is_some_and(|end| end.eq_ignore_ascii_case(word))
    })
}
