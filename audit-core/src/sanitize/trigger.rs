//! Which bytes of a text need a closer look: those that can be the telling byte of a secret, behind one that can stand
//! before it. In a UUID hardly any is.

use super::issued;
use super::text::is_word;

/// What a byte may be the telling part of. The bytes are chosen to be rare in ordinary values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trigger {
    None,
    /// A digit that a card number may begin with.
    Digit,
    Colon,
    Equals,
    Percent,
    Tag,
    Quote,
    Dash,
    Issued,
    Jwt,
    B,
}

/// Where the next byte stands that needs a closer look, in what follows a byte.
pub(super) fn next_trigger(before: u8, bytes: &[u8]) -> Option<usize> {
    const STEP: usize = 8;
    let (&first, rest) = bytes.split_first()?;
    if tells(before, first) != 0 {
        return Some(0);
    }
    // Eight look-ups without a branch between cost half as much.
    let (befores, _) = bytes.as_chunks::<STEP>();
    let (chunks, _) = rest.as_chunks::<STEP>();
    let quiet = befores.iter().zip(chunks).take_while(|(befores, chunk)| {
        let pairs = befores.iter().zip(*chunk);
        pairs.fold(0, |seen, (&before, &byte)| seen | tells(before, byte)) == 0
    });
    let skipped = quiet.count() * STEP;
    let pairs = bytes.get(skipped..)?.iter().zip(rest.get(skipped..)?);
    pairs
        .map(|(&before, &byte)| tells(before, byte))
        .position(|kinds| kinds != 0)
        .map(|found| skipped + found + 1)
}

/// What a byte may tell of behind another one, a bit for each kind.
fn tells(before: u8, byte: u8) -> u8 {
    static TELLS: [u8; 256] = table(false);
    static FOLLOWS: [u8; 256] = table(true);
    let of =
        |table: &[u8; 256], byte: u8| table.get(usize::from(byte)).copied().unwrap_or_default();
    of(&TELLS, byte) & of(&FOLLOWS, before)
}

/// One value for each byte.
#[expect(clippy::indexing_slicing, reason = "runs at compile time only")]
const fn table(of_those_before: bool) -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = if of_those_before {
            kinds_after(byte)
        } else {
            kind(byte)
        };
        match byte.checked_add(1) {
            Some(next) => byte = next,
            None => return table,
        }
    }
}

const ANYWHERE: u8 = 1;
const AT_WORD: u8 = 1 << 1;
const AT_NUMBER: u8 = 1 << 2;
const AFTER_SPACE: u8 = 1 << 3;
const AFTER_PREFIX: u8 = 1 << 4;
const AFTER_DASH: u8 = 1 << 5;
const AFTER_Y: u8 = 1 << 6;

/// Behind what a byte tells of something.
const fn kind(byte: u8) -> u8 {
    match Trigger::of(byte) {
        Trigger::None => 0,
        Trigger::Colon | Trigger::Equals | Trigger::Percent | Trigger::Tag => ANYWHERE,
        Trigger::B => AT_WORD,
        Trigger::Digit => AT_NUMBER,
        Trigger::Quote => AFTER_SPACE,
        Trigger::Issued => AFTER_PREFIX,
        Trigger::Dash => AFTER_PREFIX | AFTER_DASH,
        Trigger::Jwt => AFTER_Y,
    }
}

/// Which of these a byte allows behind it.
const fn kinds_after(byte: u8) -> u8 {
    let mut kinds = ANYWHERE;
    // The letters of an escape such as `\n`.
    if !is_word(byte) || matches!(byte, b'n' | b'r' | b't') {
        kinds |= AT_WORD;
        if byte != b'_' {
            kinds |= AT_NUMBER;
        }
    }
    if byte == b' ' {
        kinds |= AFTER_SPACE;
    }
    if issued::may_end_prefix(byte) {
        kinds |= AFTER_PREFIX;
    }
    if byte == b'-' {
        kinds |= AFTER_DASH;
    }
    if byte == b'y' {
        kinds |= AFTER_Y;
    }
    kinds
}

impl Trigger {
    pub(super) const fn of(byte: u8) -> Self {
        match byte {
            b'2'..=b'6' => Self::Digit,
            b':' => Self::Colon,
            b'=' => Self::Equals,
            b'%' => Self::Percent,
            b'>' => Self::Tag,
            b'\'' => Self::Quote,
            b'-' => Self::Dash,
            b'_' | b'I' | b'G' => Self::Issued,
            b'J' => Self::Jwt,
            b'B' | b'b' => Self::B,
            _ => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sanitize::Sanitizer;
    use crate::sanitize::text::Scan;

    /// Where a byte needs a closer look, one after the other.
    fn looks(text: &str) -> Vec<usize> {
        let bytes = text.as_bytes();
        let pairs = std::iter::once(0).chain(bytes.iter().copied()).zip(bytes);
        let pairs = pairs.map(|(before, &byte)| tells(before, byte));
        (0..)
            .zip(pairs)
            .filter(|(_, kinds)| *kinds != 0)
            .map(|(at, _)| at)
            .collect()
    }

    fn jumped(text: &str) -> Vec<usize> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(next) = next_trigger(
            if at == 0 { 0 } else { text.as_bytes()[at - 1] },
            &text.as_bytes()[at..],
        ) {
            found.push(at + next);
            at += next + 1;
        }
        found
    }

    #[test]
    fn few_bytes_of_ordinary_values_need_a_closer_look() {
        for (text, most) in [
            ("550e8400-e29b-41d4-a716-446655440000", 4),
            ("in_progress room_12 42", 3),
            ("PATCH /api/v1/incidents/7", 0),
            ("a breach in a badge", 2),
        ] {
            assert!(looks(text).len() <= most, "{text}: {:?}", looks(text));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn jumps_miss_nothing(text in any::<String>(), ascii in "[ -~]{0,60}|[0-9a-f-]{0,60}") {
            for text in [text, ascii] {
                prop_assert_eq!(jumped(&text), looks(&text));
            }
        }

        #[test]
        fn no_secret_stands_where_nothing_tells_of_it(
            parts in proptest::collection::vec(
                prop_oneof![
                    "[ -~\\n]{0,6}",
                    "\\\\[nrt]",
                    "(password|token|key|Cookie|--pin|https|eyJhbGciOiJub25lIn0\\.eyJzdWIiOiIxIn0\\.c2ln|PASSWORD 'x1'|Bearer|bearer|Basic dXNlcjpwYXNz)",
                    "(=|:|: |=>|%3D|%26|\"|'|\\{|\\[|,|;|&|@|://|/|<|>|-|_|\\.|é)",
                    "(4111 1111 1111 1111|378282246310005|-----BEGIN X-----|---- BEGIN X)",
                    "(ghp_|sk-|xoxb-|AKIA|AIza|SG\\.|pypi-AgE|GOCSPX-)[A-Za-z0-9]{16,44}",
                ],
                0..10,
            )
        ) {
            let text = parts.concat();
            let sanitizer = Sanitizer::default();
            let looks = looks(&text);
            for at in (0..text.len()).filter(|at| !looks.contains(at)) {
                let found = Scan::of(&sanitizer.rules, &text).look(at);
                prop_assert_eq!(found, None, "{:?} at {}", text, at);
            }
        }
    }
}
