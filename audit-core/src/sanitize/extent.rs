//! Where a value in a text ends. In doubt later: what is masked too much can be asked for, what leaked cannot.

use std::ops::Range;

use super::text::{Scan, is_word};

/// The value that begins after an operator and blanks; `None` if it is empty or says that there is none.
pub(super) fn of_value(scan: &Scan<'_>, from: usize, encoded: bool) -> Option<Range<usize>> {
    let start = skip_blanks(scan, from);
    if let Some(inside) = opening_quote(scan, start) {
        return Some(inside.start..closing_quote(scan, &inside));
    }
    let constructor = scan.run(start, |byte| is_word(byte) || matches!(byte, b'_' | b':'));
    let body = match scan.after(constructor) {
        [b'{' | b'[' | b'(', ..] => Some(constructor),
        [b' ', b'{', ..] if constructor > start => Some(constructor + 1),
        _ => None,
    };
    if let Some(body) = body {
        return Some(start..closing_bracket(scan, body));
    }
    let end = bare_end(scan, start, encoded);
    let value = scan.text.get(start..end)?;
    if matches!(value, "null" | "None" | "nil" | "undefined") {
        return None;
    }
    if is_scheme(value) && scan.byte(end) == b' ' {
        return Some(start..bare_end(scan, skip_blanks(scan, end), encoded));
    }
    Some(start..end)
}

/// The rest of the line, up to one of the bytes that end it, or to the quote that was opened before the name.
pub(super) fn of_line(scan: &Scan<'_>, name: usize, from: usize, ends: &[u8]) -> Range<usize> {
    let start = skip_blanks(scan, from);
    if let Some(inside) = opening_quote(scan, start) {
        return inside.start..closing_quote(scan, &inside);
    }
    let end = scan.run(start, |byte| {
        !matches!(byte, b'\n' | b'\r') && !ends.contains(&byte)
    });
    let Some((&quote @ (b'"' | b'\'' | b'`'), before)) = scan.before(name).split_last() else {
        return start..end;
    };
    let slashes = before
        .iter()
        .rev()
        .take_while(|&&byte| byte == b'\\')
        .count();
    let enclosing = Quoted {
        start,
        quote,
        slashes,
        doubling: false,
    };
    start..end.min(closing_quote(scan, &enclosing))
}

fn skip_blanks(scan: &Scan<'_>, from: usize) -> usize {
    scan.run(from, |byte| matches!(byte, b' ' | b'\t'))
}

/// A quoted string, as printed by code of many languages.
struct Quoted {
    start: usize,
    quote: u8,
    /// How often the quotes are escaped: a structure printed inside a string has one backslash before each.
    slashes: usize,
    /// Whether a quote may stand doubled for one, as in SQL; not where three open and close the string.
    doubling: bool,
}

fn opening_quote(scan: &Scan<'_>, from: usize) -> Option<Quoted> {
    let slashes = scan.run(from, |byte| byte == b'\\') - from;
    let mut at = from + slashes;
    if slashes == 0 {
        // `b"…"`, `r#"…"#`, `$'…'` and the like.
        let prefix = scan.run(at, |byte| b"bBrRuUfFNL@$".contains(&byte));
        let marks = scan.run(prefix, |byte| byte == b'#');
        at = if prefix <= at + 2 { marks } else { at };
    }
    let quote @ (b'"' | b'\'' | b'`') = scan.byte(at) else {
        return None;
    };
    let quotes = scan.run(at, |byte| byte == quote) - at;
    // Three in a row open a string of several lines.
    let triple = slashes == 0 && quotes > 2;
    Some(Quoted {
        start: at + if triple { quotes } else { 1 },
        quote,
        slashes,
        doubling: slashes == 0 && !triple,
    })
}

/// Where the inside of a quoted string ends; the end of the text if it is cut off.
fn closing_quote(scan: &Scan<'_>, inside: &Quoted) -> usize {
    let mut from = inside.start;
    while let Some(found) = scan
        .after(from)
        .iter()
        .position(|&byte| byte == inside.quote)
    {
        let at = from + found;
        let slashes = scan
            .bytes
            .get(inside.start..at)
            .unwrap_or_default()
            .iter()
            .rev()
            .take_while(|&&byte| byte == b'\\');
        let slashes = slashes.count();
        // Each level of escaping doubles the backslashes and adds one before a quote.
        let closes = slashes % (2 * (inside.slashes + 1)) == inside.slashes;
        let doubled = inside.doubling && at > inside.start && scan.byte(at + 1) == inside.quote;
        if closes && !doubled {
            return at - inside.slashes;
        }
        from = at + if closes { 2 } else { 1 };
    }
    scan.bytes.len()
}

/// Behind the bracket that closes the one here; the end of the text if it is cut off.
fn closing_bracket(scan: &Scan<'_>, open: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = open;
    while at < scan.bytes.len() {
        match scan.byte(at) {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            // An apostrophe inside a word opens nothing.
            quote @ (b'"' | b'\'') if quote == b'"' || !is_word(scan.byte(at - 1)) => {
                let before = scan.bytes.get(open..at).unwrap_or_default();
                let slashes = before
                    .iter()
                    .rev()
                    .take_while(|&&byte| byte == b'\\')
                    .count();
                at = closing_quote(
                    scan,
                    &Quoted {
                        start: at + 1,
                        quote,
                        slashes,
                        doubling: false,
                    },
                ) + slashes;
            }
            _ => {}
        }
        at += 1;
    }
    scan.bytes.len()
}

/// Where a value without quotes ends.
fn bare_end(scan: &Scan<'_>, from: usize, encoded: bool) -> usize {
    let mut at = from;
    while let Some((&byte, rest)) = scan.after(at).split_first() {
        let next = rest.first().copied().unwrap_or_default();
        let ends = match byte {
            0..=b' ' => true,
            b',' | b';' | b'|' => {
                next <= b' '
                    || is_closing(next)
                    || matches!(next, b'{' | b'[' | b'\\')
                    || names_next(rest, b"=:")
            }
            // The entity `&amp;` is a delimiter written for HTML.
            b'&' => next <= b' ' || is_closing(next) || names_next(rest, b"=:;"),
            b'<' => next == b'/',
            b'\\' => is_quote(next) && !continues(rest.get(1).copied()),
            b'%' => encoded && (rest.starts_with(b"26") || rest.starts_with(b"2526")),
            _ => is_closing(byte) && !continues(Some(next)),
        };
        if ends {
            break;
        }
        at += 1;
    }
    at
}

/// Whether a delimiter is followed by the next name and its operator, so that it really is a delimiter.
fn names_next(rest: &[u8], operators: &[u8]) -> bool {
    let name = |byte: u8| is_word(byte) || matches!(byte, b'_' | b'-' | b'.' | b'%' | b'[' | b']');
    let length = rest.iter().take(96).take_while(|&&byte| name(byte)).count();
    length > 0
        && rest
            .get(length)
            .is_some_and(|byte| operators.contains(byte))
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

fn is_closing(byte: u8) -> bool {
    is_quote(byte) || matches!(byte, b')' | b']' | b'}' | b'>')
}

/// Whether a closing sign is part of the value, because a word goes on behind it.
fn continues(next: Option<u8>) -> bool {
    next.is_some_and(|next| is_word(next) || next == b'_')
}

fn is_scheme(value: &str) -> bool {
    [
        "bearer",
        "basic",
        "token",
        "digest",
        "negotiate",
        "ntlm",
        "apikey",
    ]
    .iter()
    .any(|scheme| value.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests {
    use crate::sanitize::Sanitizer;

    #[test]
    fn values_end_where_the_next_thing_begins() {
        let sanitizer = Sanitizer::default();
        for (text, masked) in [
            ("pwd=a,b x", "pwd=******** x"),
            ("pwd=a,user=b", "pwd=********,user=b"),
            ("pwd=a, b", "pwd=********, b"),
            ("pwd=a;b;user=c", "pwd=********;user=c"),
            ("pwd=hun)ter) x", "pwd=********) x"),
            ("\"pwd=hun\"ter\", x", "\"pwd=********\", x"),
            ("[pwd=a] [x]", "[pwd=********] [x]"),
            ("pwd=\"a\\\"b\" x", "pwd=\"********\" x"),
            ("pwd=\"a\\\\\" x", "pwd=\"********\" x"),
            ("pwd=b'a b' x", "pwd=b'********' x"),
            ("pwd=r#\"a b\"# x", "pwd=r#\"********\"# x"),
            ("pwd=\"\"\"a b\"\"\" x", "pwd=\"\"\"********\"\"\" x"),
            ("pwd='a b", "pwd='********"),
            ("pwd=f(\"a )\", 'b') x", "pwd=******** x"),
            ("pwd=[a", "pwd=********"),
            (
                "\\\"pwd\\\": \\\"a\\\\\\\"b\\\", \\\"n\\\": 1",
                "\\\"pwd\\\": \\\"********\\\", \\\"n\\\": 1",
            ),
            ("{\"a\":\"pwd=x\"}", "{\"a\":\"pwd=********\"}"),
            ("pwd=日本 x", "pwd=******** x"),
            ("pwd=********", "pwd=********"),
            ("pwd=********x", "pwd=********"),
            ("'Cookie: a=b' x", "'Cookie: ********' x"),
            ("\\\"Cookie: a=b\\\" x", "\\\"Cookie: ********\\\" x"),
        ] {
            assert_eq!(sanitizer.text(text), masked, "{text}");
            assert_eq!(sanitizer.text(masked), masked);
        }
    }
}
