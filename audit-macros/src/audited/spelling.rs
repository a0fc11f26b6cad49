//! `rename_all`: the eight spellings of serde, which give the names that serde gives.

use crate::suggest::{did_you_mean, list};

/// How names are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

const SPELLINGS: [(&str, Spelling); 8] = [
    ("lowercase", Spelling::Lower),
    ("UPPERCASE", Spelling::Upper),
    ("PascalCase", Spelling::Pascal),
    ("camelCase", Spelling::Camel),
    ("snake_case", Spelling::Snake),
    ("SCREAMING_SNAKE_CASE", Spelling::ScreamingSnake),
    ("kebab-case", Spelling::Kebab),
    ("SCREAMING-KEBAB-CASE", Spelling::ScreamingKebab),
];

impl Spelling {
    /// The spelling that is called so, or what to say instead.
    pub(super) fn named(name: &str) -> Result<Self, String> {
        let known = || SPELLINGS.iter().map(|(known, _)| *known);
        let found = SPELLINGS.iter().find(|(known, _)| *known == name);
        found.map(|(_, spelling)| *spelling).ok_or_else(|| {
            let suggestion = did_you_mean(name, known());
            format!(
                "unknown spelling `{name}`{suggestion} (allowed: {})",
                list(known())
            )
        })
    }

    /// The name of a field, which is written in `snake_case`.
    pub(super) fn field(self, name: &str) -> String {
        match self {
            Self::Lower | Self::Snake => name.to_owned(),
            Self::Upper | Self::ScreamingSnake => name.to_ascii_uppercase(),
            Self::Pascal => name.split('_').map(capitalized).collect(),
            Self::Camel => uncapitalized(&Self::Pascal.field(name)),
            Self::Kebab => name.replace('_', "-"),
            Self::ScreamingKebab => name.to_ascii_uppercase().replace('_', "-"),
        }
    }

    /// The name of a variant, which is written in `PascalCase`.
    pub(super) fn variant(self, name: &str) -> String {
        match self {
            Self::Lower => name.to_ascii_lowercase(),
            Self::Upper => name.to_ascii_uppercase(),
            Self::Pascal => name.to_owned(),
            Self::Camel => uncapitalized(name),
            Self::Snake | Self::ScreamingSnake | Self::Kebab | Self::ScreamingKebab => {
                self.field(&each_capital_a_word(name))
            }
        }
    }
}

fn capitalized(word: &str) -> String {
    on_first(word, |first| first.to_ascii_uppercase())
}

fn uncapitalized(word: &str) -> String {
    on_first(word, |first| first.to_ascii_lowercase())
}

fn on_first(word: &str, change: impl FnOnce(char) -> char) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(change)
        .into_iter()
        .chain(letters)
        .collect()
}

/// `HTTPServer` → `h_t_t_p_server`, unlike the entity type, for so serde does it.
fn each_capital_a_word(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    for (at, letter) in name.chars().enumerate() {
        if at > 0 && letter.is_uppercase() {
            words.push('_');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_spelled() {
        let names = ["title", "first_name", "a__b", "_x", "x_", "äb_öc", "line2"];
        for (spelling, expected) in [
            ("lowercase", names),
            (
                "UPPERCASE",
                ["TITLE", "FIRST_NAME", "A__B", "_X", "X_", "äB_öC", "LINE2"],
            ),
            (
                "PascalCase",
                ["Title", "FirstName", "AB", "X", "X", "äböc", "Line2"],
            ),
            (
                "camelCase",
                ["title", "firstName", "aB", "x", "x", "äböc", "line2"],
            ),
            ("snake_case", names),
            (
                "SCREAMING_SNAKE_CASE",
                ["TITLE", "FIRST_NAME", "A__B", "_X", "X_", "äB_öC", "LINE2"],
            ),
            (
                "kebab-case",
                ["title", "first-name", "a--b", "-x", "x-", "äb-öc", "line2"],
            ),
            (
                "SCREAMING-KEBAB-CASE",
                ["TITLE", "FIRST-NAME", "A--B", "-X", "X-", "äB-öC", "LINE2"],
            ),
        ] {
            let spelling = Spelling::named(spelling).unwrap();
            assert_eq!(names.map(|name| spelling.field(name)), expected);
        }
    }

    #[test]
    fn variants_are_spelled() {
        let names = ["Open", "InProgress", "HTTPError", "X"];
        for (spelling, expected) in [
            ("lowercase", ["open", "inprogress", "httperror", "x"]),
            ("UPPERCASE", ["OPEN", "INPROGRESS", "HTTPERROR", "X"]),
            ("PascalCase", names),
            ("camelCase", ["open", "inProgress", "hTTPError", "x"]),
            ("snake_case", ["open", "in_progress", "h_t_t_p_error", "x"]),
            (
                "SCREAMING_SNAKE_CASE",
                ["OPEN", "IN_PROGRESS", "H_T_T_P_ERROR", "X"],
            ),
            ("kebab-case", ["open", "in-progress", "h-t-t-p-error", "x"]),
            (
                "SCREAMING-KEBAB-CASE",
                ["OPEN", "IN-PROGRESS", "H-T-T-P-ERROR", "X"],
            ),
        ] {
            let spelling = Spelling::named(spelling).unwrap();
            assert_eq!(names.map(|name| spelling.variant(name)), expected);
        }
    }

    #[test]
    fn what_is_no_spelling_is_told_the_nearest() {
        let all = "(allowed: `lowercase`, `UPPERCASE`, `PascalCase`, `camelCase`, `snake_case`, \
                   `SCREAMING_SNAKE_CASE`, `kebab-case`, `SCREAMING-KEBAB-CASE`)";
        assert_eq!(
            Spelling::named("camelcase").unwrap_err(),
            format!("unknown spelling `camelcase`, did you mean `camelCase`? {all}")
        );
        assert_eq!(
            Spelling::named("title").unwrap_err(),
            format!("unknown spelling `title` {all}")
        );
    }
}
