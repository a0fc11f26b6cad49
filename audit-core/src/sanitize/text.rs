//! The scan of a text: two table look-ups for most bytes, a closer look where a secret may stand.

use std::borrow::Cow;
use std::ops::Range;

use super::path::Rules;
use super::trigger::{Trigger, next_trigger};
use super::{Detector, MASK, assignment, card, issued, tokens, url};

/// Masking can bring a new secret to light, as when a mask ends the name before it; nearly always one pass finds all.
const MOST_PASSES: usize = 8;

pub(super) fn mask_text<'a>(rules: &Rules, text: &'a str) -> Cow<'a, str> {
    if rules.detectors == 0 {
        return Cow::Borrowed(text);
    }
    let Some(mut masked) = pass(rules, text) else {
        return Cow::Borrowed(text);
    };
    for _ in 1..MOST_PASSES {
        match pass(rules, &masked) {
            Some(next) => masked = next,
            None => return Cow::Owned(masked),
        }
    }
    // What does not come to rest cannot be trusted.
    Cow::Owned(MASK.to_owned())
}

/// Masks what one reading finds; `None` if there is nothing to mask.
fn pass(rules: &Rules, text: &str) -> Option<String> {
    let mut scan = Scan::of(rules, text);
    let mut masked: Option<String> = None;
    let mut copied = 0;
    while let Some(found) = scan.next_secret() {
        if text.get(found.clone()) == Some(MASK) {
            continue;
        }
        let Some(kept) = text.get(copied..found.start) else {
            return Some(MASK.to_owned());
        };
        let masked = masked.get_or_insert_default();
        masked.push_str(kept);
        masked.push_str(MASK);
        copied = found.end;
    }
    if let Some(masked) = &mut masked {
        match text.get(copied..) {
            Some(kept) => masked.push_str(kept),
            None => MASK.clone_into(masked),
        }
    }
    masked
}

/// A reading of one text.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    pub(super) rules: &'a Rules,
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    /// Where the last secret ended. Nothing looks back across it, so that a second reading, which finds a mask
    /// there, decides the same.
    pub(super) floor: usize,
    /// No web token begins before this offset; keeps the search linear.
    pub(super) no_token_before: usize,
}

impl<'a> Scan<'a> {
    pub(super) fn of(rules: &'a Rules, text: &'a str) -> Self {
        Self {
            rules,
            text,
            bytes: text.as_bytes(),
            floor: 0,
            no_token_before: 0,
        }
    }

    fn next_secret(&mut self) -> Option<Range<usize>> {
        let mut at = self.floor;
        loop {
            at += next_trigger(self.byte_before(at), self.bytes.get(at..)?)?;
            if let Some(found) = self.look(at).filter(|found| found.start < found.end) {
                self.floor = found.end;
                return Some(found);
            }
            at += 1;
        }
    }

    /// A secret whose telling byte stands here.
    pub(super) fn look(&mut self, at: usize) -> Option<Range<usize>> {
        match Trigger::of(self.byte(at)) {
            Trigger::None => None,
            Trigger::Digit => self.with(Detector::CardNumber, |scan| card::find(scan, at)),
            Trigger::Colon => self
                .with(Detector::UrlCredentials, |scan| url::find(scan, at))
                .or_else(|| assignment::find(self, at)),
            Trigger::Equals | Trigger::Percent => assignment::find(self, at),
            Trigger::Tag => self.with(Detector::Assignment, |scan| assignment::find_tag(scan, at)),
            Trigger::Quote => {
                self.with(Detector::Assignment, |scan| assignment::find_sql(scan, at))
            }
            Trigger::Dash => self
                .with(Detector::CloudKey, |scan| issued::find(scan, at))
                .or_else(|| {
                    self.with(Detector::Assignment, |scan| assignment::find_flag(scan, at))
                }),
            Trigger::Issued => self.with(Detector::CloudKey, |scan| issued::find(scan, at)),
            Trigger::Jwt => self.with(Detector::Jwt, |scan| tokens::find_jwt(scan, at)),
            Trigger::B => self
                .with(Detector::Pem, |scan| tokens::find_pem(scan, at))
                .or_else(|| self.with(Detector::AuthHeader, |scan| tokens::find_scheme(scan, at))),
        }
    }

    fn with(
        &mut self,
        detector: Detector,
        find: impl FnOnce(&mut Self) -> Option<Range<usize>>,
    ) -> Option<Range<usize>> {
        if self.rules.detects(detector) {
            find(self)
        } else {
            None
        }
    }

    /// The byte at an offset, 0 beyond the end.
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or_default()
    }

    /// The byte before an offset, 0 at the floor.
    pub(super) fn byte_before(&self, at: usize) -> u8 {
        if at <= self.floor {
            0
        } else {
            self.byte(at - 1)
        }
    }

    /// Whether a secret may start here: not inside a word, unless that is the letter of an escape such as `\n`.
    pub(super) fn may_start(&self, at: usize) -> bool {
        let before = self.byte_before(at);
        !is_word(before)
            || matches!(before, b'n' | b'r' | b't') && self.byte_before(at - 1) == b'\\'
    }

    /// The part of the text from the floor to an offset.
    pub(super) fn before(&self, at: usize) -> &[u8] {
        self.bytes.get(self.floor..at).unwrap_or_default()
    }

    pub(super) fn after(&self, at: usize) -> &[u8] {
        self.bytes.get(at..).unwrap_or_default()
    }

    /// Where the run of bytes ends that belong to a set.
    pub(super) fn run(&self, from: usize, belongs: impl Fn(u8) -> bool) -> usize {
        from + self
            .after(from)
            .iter()
            .take_while(|&&byte| belongs(byte))
            .count()
    }
}

/// Part of a word in a wide sense: a secret beginning or ending next to such a byte is part of something longer.
pub(super) const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sanitize::Sanitizer;

    #[test]
    fn a_text_without_a_secret_is_borrowed() {
        let sanitizer = Sanitizer::default();
        for text in [
            "",
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "2024-01-15T12:30:45.123456Z room_12 in_progress: 4 of 5",
            "550e8400-e29b-41d4-a716-446655440000",
            "https://api.example.com:8443/v1/items?limit=10&sort=name#top",
            "UNIQUE constraint failed: users.email",
            "error[E0308]: mismatched types --> src/main.rs:4:5",
            "auth::login failed at Key::new()",
            "日本語: テスト=1",
            "Bob's basic plan begins - Bearer token missing",
        ] {
            assert!(
                matches!(sanitizer.text(text), Cow::Borrowed(same) if same == text),
                "{text}"
            );
        }
    }

    #[test]
    fn several_secrets_in_one_text() {
        assert_eq!(
            Sanitizer::default()
                .text("pwd=a1 then https://u:p@h/?token=x&y=1, card 4111 1111 1111 1111."),
            "pwd=******** then https://u:********@h/?token=********&y=1, card ********."
        );
    }

    #[test]
    fn detectors_can_be_switched_off() {
        let text = "pwd=a1 https://u:p@h Bearer a.b1";
        assert_eq!(
            Sanitizer::builder().detectors(false).build().text(text),
            text
        );
        let only = |detector| {
            Sanitizer::builder()
                .detectors(false)
                .detector(detector, true)
                .build()
        };
        assert_eq!(
            only(Detector::Assignment).text(text),
            "pwd=******** https://u:p@h Bearer a.b1"
        );
        assert_eq!(
            only(Detector::UrlCredentials).text(text),
            "pwd=a1 https://u:********@h Bearer a.b1"
        );
        assert_eq!(
            only(Detector::AuthHeader).text(text),
            "pwd=a1 https://u:p@h Bearer ********"
        );
        assert_eq!(
            only(Detector::AuthHeader).text("Cookie: a=b; c"),
            "Cookie: ********"
        );
        assert_eq!(only(Detector::Pem).text(text), text);
    }

    #[test]
    fn long_hostile_texts_stay_linear() {
        let sanitizer = Sanitizer::default();
        for part in [
            "-eyJ",
            "://",
            "sk-",
            "--a ",
            "=",
            ": ",
            "a=",
            ",a",
            "-----BEGIN ",
            "4111 ",
            "%3D",
            "\"a\":",
            "eyJ.",
            "[",
            "b'",
            "password=,a",
            "x:[",
            "key:{",
            "Bearer ",
            "\\",
            "<a>",
            "://a:",
            "AccountKey=\\\"",
            "-sk-",
            "a ",
        ] {
            let text = part.repeat(50_000 / part.len());
            let masked = sanitizer.text(&text);
            assert_eq!(sanitizer.text(&masked), masked, "{part}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn any_text_is_masked_once_and_for_all(text in any::<String>()) {
            let sanitizer = Sanitizer::default();
            let once = sanitizer.text(&text).into_owned();
            prop_assert!(matches!(sanitizer.text(&once), Cow::Borrowed(twice) if twice == once));
        }

        #[test]
        fn likely_text_is_masked_once_and_for_all(
            parts in proptest::collection::vec(
                prop_oneof![
                    "[ -~\\n]{0,6}",
                    "(password|token|key|Cookie|Authorization|user|--pin|https|eyJ|sk|AKIA|Bearer|Basic|by)",
                    "(=|:|: | = |=>|:=|%3D|%26|\"|'|\\\\\"|\\{|\\}|\\[|\\(|\\)|,|;|&|@|://|/|<|>|-|_|\\.|\\*{8}|é|日)",
                    "[0-9]{1,5}[ -]?",
                    "(4111 1111 1111 1111|4111-1111-1111-1111|378282246310005|-----BEGIN X-----|-----END X-----)",
                    "(ghp_|sk-|AKIA)[A-Z0-9]{16,24}",
                ],
                0..14,
            )
        ) {
            let text = parts.concat();
            let sanitizer = Sanitizer::default();
            let once = sanitizer.text(&text).into_owned();
            prop_assert!(matches!(sanitizer.text(&once), Cow::Borrowed(twice) if twice == once), "{:?} {:?} {:?}", text, once, sanitizer.text(&once));
        }

        #[test]
        fn plain_words_are_left_alone(text in "([a-z]{1,9}|[A-Z][a-z]{1,9}|[0-9]{1,6}|[äöüéñ]{1,4})([ .,;!?]{1,2}([a-z]{1,9}|[0-9]{1,6})){0,20}") {
            prop_assume!(!text.to_lowercase().contains("bearer") && !text.to_lowercase().contains("basic"));
            let digits = text.split(|char: char| !char.is_ascii_digit() && char != ' ').map(|run| run.replace(' ', "").len()).max();
            prop_assume!(digits < Some(13));
            let sanitizer = Sanitizer::default();
            prop_assert!(matches!(sanitizer.text(&text), Cow::Borrowed(same) if same == text));
        }
    }
}
