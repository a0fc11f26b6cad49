//! The words in a name.

/// The words in a name, in any case style and script: `X-Api-Key2` is `X`, `Api`, `Key`, `2`.
pub(super) fn words(name: &str) -> Words<'_> {
    Words { rest: name }
}

/// The same in lower case, as lists keep them.
pub(super) fn lowercase_words(name: &str) -> Vec<String> {
    words(name).map(str::to_lowercase).collect()
}

/// Whether a name consists of exactly these lower-case words.
pub(super) fn same_words(name: &str, listed: &[String]) -> bool {
    words(name).count() == listed.len()
        && words(name)
            .zip(listed)
            .all(|(word, listed)| same_word(word, listed))
}

/// Whether a word is this lower-case one.
pub(super) fn same_word(word: &str, listed: &str) -> bool {
    if word.is_ascii() {
        word.eq_ignore_ascii_case(listed)
    } else {
        word.chars().flat_map(char::to_lowercase).eq(listed.chars())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Gap,
    Lower,
    Upper,
    Digit,
    /// A byte of a character beyond ASCII.
    Other,
}

impl Kind {
    pub(super) fn of(byte: u8) -> Self {
        static KINDS: [Kind; 256] = Kind::table();
        KINDS.get(usize::from(byte)).copied().unwrap_or(Self::Gap)
    }

    #[expect(clippy::indexing_slicing, reason = "runs at compile time only")]
    const fn table() -> [Self; 256] {
        let mut table = [Self::Gap; 256];
        let mut byte = 0_u8;
        loop {
            table[byte as usize] = match byte {
                b'a'..=b'z' => Self::Lower,
                b'A'..=b'Z' => Self::Upper,
                b'0'..=b'9' => Self::Digit,
                128.. => Self::Other,
                _ => Self::Gap,
            };
            if byte == u8::MAX {
                return table;
            }
            byte += 1;
        }
    }

    fn of_char(char: char) -> Self {
        if char.is_ascii() {
            Self::of(u8::try_from(char).unwrap_or_default())
        } else if char.is_uppercase() {
            Self::Upper
        // A combining accent belongs to its letter.
        } else if char.is_alphabetic() || ('\u{300}'..='\u{36f}').contains(&char) {
            Self::Lower
        } else if char.is_numeric() {
            Self::Digit
        } else {
            Self::Gap
        }
    }
}

/// Whether a word begins here: the one place that must agree with [`Words`] byte by byte.
pub(super) fn starts_word(bytes: &[u8], start: usize) -> bool {
    let kind = |index: usize| bytes.get(index).map_or(Kind::Gap, |&byte| Kind::of(byte));
    let Some(before) = start.checked_sub(1).map(kind) else {
        return true;
    };
    match (before, kind(start)) {
        (Kind::Upper, Kind::Lower) => false,
        (Kind::Upper, Kind::Upper) => {
            let plural = bytes.get(start + 1) == Some(&b's') && kind(start + 2) != Kind::Lower;
            kind(start + 1) == Kind::Lower && !plural
        }
        (before, here) => before != here,
    }
}

/// Iterator over the words of a name.
#[derive(Clone, Debug)]
pub(super) struct Words<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_ascii() {
            return self.next_ascii();
        }
        let text = self
            .rest
            .trim_start_matches(|char| Kind::of_char(char) == Kind::Gap);
        let first = Kind::of_char(text.chars().next()?);
        let mut end = run(text, first);
        if first == Kind::Upper {
            let tail = text.get(end..).unwrap_or_default();
            let lower = run(tail, Kind::Lower);
            let last = text
                .get(..end)
                .and_then(|upper| upper.chars().next_back())
                .map_or(0, char::len_utf8);
            if last == end || tail.get(..lower) == Some("s") {
                // `Key`, and the plural of an acronym: `PINs`.
                end += lower;
            } else if lower > 0 {
                // The last capital of `APIKey` begins the next word.
                end -= last;
            }
        }
        let (word, rest) = text.split_at_checked(end)?;
        self.rest = rest;
        Some(word)
    }
}

impl<'a> Words<'a> {
    /// The same for most names, byte by byte.
    fn next_ascii(&mut self) -> Option<&'a str> {
        let bytes = self.rest.as_bytes();
        let kind = |index: usize| bytes.get(index).map_or(Kind::Gap, |&byte| Kind::of(byte));
        let run = |from: usize, of: Kind| {
            let mut end = from;
            while end < bytes.len() && kind(end) == of {
                end += 1;
            }
            end
        };
        let start = run(0, Kind::Gap);
        let first = kind(start);
        let mut end = run(start, first);
        if first == Kind::Upper {
            let lower = run(end, Kind::Lower);
            if end == start + 1 || self.rest.get(end..lower) == Some("s") {
                end = lower;
            } else if lower > end {
                end -= 1;
            }
        }
        let word = self.rest.get(start..end).filter(|word| !word.is_empty());
        self.rest = self.rest.get(end..).unwrap_or_default();
        word
    }
}

fn run(text: &str, kind: Kind) -> usize {
    text.find(|char| Kind::of_char(char) != kind)
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(name: &str) -> Vec<&str> {
        words(name).collect()
    }

    #[test]
    fn words_of_every_case_style() {
        assert_eq!(split("api_key"), ["api", "key"]);
        assert_eq!(split("apiKey"), ["api", "Key"]);
        assert_eq!(split("APIKey"), ["API", "Key"]);
        assert_eq!(split("X-Api-Key"), ["X", "Api", "Key"]);
        assert_eq!(split("api.key"), ["api", "key"]);
        assert_eq!(split("key2"), ["key", "2"]);
        assert_eq!(split("PASSWORD_HASH"), ["PASSWORD", "HASH"]);
        assert_eq!(split("userPINs"), ["user", "PINs"]);
        assert_eq!(split("KEYs2"), ["KEYs", "2"]);
        assert_eq!(split("__ --"), [""; 0]);
        assert_eq!(split("überSchlüssel"), ["über", "Schlüssel"]);
        assert_eq!(split("пароль_2"), ["пароль", "2"]);
        assert_eq!(split("ÄÖÜKey"), ["ÄÖÜ", "Key"]);
    }

    proptest! {
        #[test]
        fn words_lose_no_letter(name in any::<String>()) {
            let kept: String = words(&name).collect();
            let letters: String = name.chars().filter(|&char| Kind::of_char(char) != Kind::Gap).collect();
            prop_assert_eq!(kept, letters);
        }
    }
}
