//! The name before an operator in a text.

use super::text::{Scan, is_word};

/// Of a longer name the end counts; keeps the search linear.
pub(super) const MOST_NAME_BYTES: usize = 96;

/// Where a name stands.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) quoted: bool,
    /// Whether it stood in brackets, as in `user[password]=x`.
    bracketed: bool,
}

impl Name {
    /// The name that ends before an operator, with spaces, quotes or brackets between.
    pub(super) fn before(bytes: &[u8], floor: usize, at: usize) -> Option<Self> {
        const MOST_SPACES: usize = 32;
        let before = bytes.get(floor..at)?;
        let spaces = before
            .iter()
            .rev()
            .take(MOST_SPACES)
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        let mut before = before.get(..before.len() - spaces)?;
        let mut bracketed = false;
        while let Some(inside) = before.strip_suffix(b"]") {
            bracketed = true;
            let digits = inside
                .iter()
                .rev()
                .take(20)
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            let indexed = inside.get(..inside.len() - digits)?.strip_suffix(b"[");
            before = indexed.unwrap_or(inside);
            if indexed.is_none() {
                break;
            }
        }
        let mut quoted = false;
        let mut start = None;
        if let Some((&quote @ (b'"' | b'\'' | b'`'), inside)) = before.split_last() {
            quoted = true;
            let slashes = inside
                .iter()
                .rev()
                .take_while(|&&byte| byte == b'\\')
                .count();
            before = inside.get(..inside.len() - slashes)?;
            // Between quotes a name may have spaces.
            let near = before.get(before.len().saturating_sub(MOST_NAME_BYTES)..)?;
            start = near
                .iter()
                .rposition(|&byte| byte == quote)
                .map(|open| before.len() - near.len() + open + 1);
        }
        let length = before
            .iter()
            .rev()
            .take(MOST_NAME_BYTES)
            .take_while(|&&byte| is_name(byte))
            .count();
        let start = start.unwrap_or(before.len() - length);
        (start < before.len()).then_some(Self {
            start: floor + start,
            end: floor + before.len(),
            quoted,
            bracketed,
        })
    }

    /// In `\npassword=x`, printed with escapes, the name begins behind the escape.
    pub(super) fn behind_escape(&self, scan: &Scan<'_>) -> Option<Self> {
        let escaped = matches!(scan.byte(self.start), b'n' | b'r' | b't')
            && scan.byte_before(self.start) == b'\\'
            && self.start + 1 < self.end;
        escaped.then_some(Self {
            start: self.start + 1,
            ..*self
        })
    }

    pub(super) fn bytes<'a>(&self, scan: &Scan<'a>) -> &'a [u8] {
        scan.bytes.get(self.start..self.end).unwrap_or_default()
    }
}

/// Whether a value under this name is masked.
pub(super) fn is_secret(scan: &Scan<'_>, name: &Name) -> bool {
    let bytes = name.bytes(scan);
    if bytes.contains(&b'%') {
        return is_secret_decoded(scan, bytes);
    }
    if names_secret(scan, bytes) {
        return true;
    }
    // `password[new]=x`: the name before the brackets counts too.
    name.bracketed
        && scan.byte_before(name.start) == b'['
        && Name::before(scan.bytes, scan.floor, name.start - 1)
            .is_some_and(|outer| !outer.bracketed && names_secret(scan, outer.bytes(scan)))
}

fn names_secret(scan: &Scan<'_>, name: &[u8]) -> bool {
    // A name cut to its last bytes may begin inside a character.
    let cut = name
        .iter()
        .take(3)
        .take_while(|&&byte| byte & 0xc0 == 0x80)
        .count();
    let Some(name) = name.get(cut..).and_then(|name| str::from_utf8(name).ok()) else {
        return false;
    };
    scan.rules.path_secret(name) || name.contains('[') && scan.rules.names_secret(name, Vec::new)
}

/// The same for a name with percent-encoded bytes, such as `access%5Ftoken` or `user%5Bpassword%5D`.
fn is_secret_decoded(scan: &Scan<'_>, name: &[u8]) -> bool {
    let mut decoded = [0_u8; MOST_NAME_BYTES];
    let mut length = decode(name, &mut decoded);
    if decoded.contains(&b'%') {
        let once = decoded;
        length = decode(once.get(..length).unwrap_or_default(), &mut decoded);
    }
    // What is no UTF-8 is no name that could be listed.
    for byte in decoded.iter_mut().filter(|byte| !byte.is_ascii()) {
        *byte = b'.';
    }
    let decoded = decoded.get(..length).unwrap_or_default();
    Name::before(decoded, 0, decoded.len())
        .and_then(|name| decoded.get(name.start..name.end))
        .is_some_and(|name| names_secret(scan, name))
}

/// Decodes what fits and tells how much that is.
fn decode(mut text: &[u8], into: &mut [u8; MOST_NAME_BYTES]) -> usize {
    let hex = |byte: Option<&u8>| byte.and_then(|&byte| char::from(byte).to_digit(16));
    let mut length = 0;
    for byte in into.iter_mut() {
        let Some((&first, rest)) = text.split_first() else {
            break;
        };
        (*byte, text) = match (first, hex(rest.first()), hex(rest.get(1))) {
            (b'%', Some(high), Some(low)) => (
                u8::try_from(high * 16 + low).unwrap_or_default(),
                rest.get(2..).unwrap_or_default(),
            ),
            _ => (first, rest),
        };
        length += 1;
    }
    length
}

/// Whether the words before complete a listed name of several words, as in `seed phrase: x`.
pub(super) fn ends_listed_phrase(scan: &Scan<'_>, name: &Name) -> bool {
    let mut start = name.start;
    for _ in 1..scan.rules.names.most_words() {
        if name.quoted || scan.byte_before(start) != b' ' {
            break;
        }
        let Some(word) = Name::before(scan.bytes, scan.floor, start)
            .filter(|word| !word.quoted && !word.bracketed)
        else {
            break;
        };
        start = word.start;
    }
    let Some(phrase) = scan
        .text
        .get(start..name.end)
        .filter(|_| start < name.start)
    else {
        return false;
    };
    // Only names of several words: in `token of user: x` the first word says nothing about the value.
    scan.rules.names_secret(phrase, Vec::new) && scan.rules.names.hit_any_script(phrase, 2)
}

fn is_name(byte: u8) -> bool {
    is_word(byte) || matches!(byte, b'_' | b'-' | b'.' | b'$' | b'%')
}
