//! "Did you mean …": the nearest of a few known words.

use std::fmt::Display;

/// The part of a message that names the nearest of `known`, or nothing when none is near.
pub(crate) fn did_you_mean<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(found, known).map_or_else(String::new, |word| format!(", did you mean `{word}`?"))
}

/// `a`, `b`, `c` in backticks.
pub(crate) fn list<T: Display>(words: impl IntoIterator<Item = T>) -> String {
    let quoted: Vec<_> = words.into_iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

/// The nearest of `known`, if it is near enough to be meant.
pub(crate) fn nearest<'a>(
    found: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // A third of the letters may be wrong, as in rustc; beyond that a suggestion is a guess.
    let limit = (found.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|word| (distance(found, word), word))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// How many letters are wrong, missing, too many or swapped with their neighbour.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    let mut two_above = Vec::new();
    let mut last = None;
    for (line, letter) in from.chars().enumerate() {
        let mut left = line + 1;
        let mut row = Vec::with_capacity(above.len());
        row.push(left);
        for (at, other) in to.iter().enumerate() {
            let &[diagonal, upper] = above.get(at..at + 2).unwrap_or_default() else {
                continue;
            };
            left = (diagonal + usize::from(letter != *other))
                .min(upper + 1)
                .min(left + 1);
            let before = at.checked_sub(1);
            let swapped =
                last == Some(*other) && before.and_then(|before| to.get(before)) == Some(&letter);
            if let Some(cost) = before
                .and_then(|before| two_above.get(before))
                .filter(|_| swapped)
            {
                left = left.min(cost + 1);
            }
            row.push(left);
        }
        two_above = above;
        above = row;
        last = Some(letter);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (from, to, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("exlude", "exclude", 1),
            ("redcat", "redact", 1),
            ("titel", "title", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(from, to), expected, "{from} → {to}");
        }
    }

    #[test]
    fn only_a_near_word_is_suggested() {
        let known = ["id", "name", "exclude", "redact", "rename"];
        assert_eq!(nearest("exlude", known), Some("exclude"));
        assert_eq!(nearest("redacted", known), Some("redact"));
        assert_eq!(nearest("nmae", known), Some("name"));
        assert_eq!(nearest("skip", known), None);
        assert_eq!(did_you_mean("skip", known), "");
        assert_eq!(did_you_mean("renam", known), ", did you mean `rename`?");
    }
}
