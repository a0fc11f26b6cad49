//! The rules of one sanitizer, and names seen in their place on a path.

use super::Detector;
use super::names::Names;
use super::words::{lowercase_words, same_words};

/// Everything a sanitizer knows.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) names: Names,
    pub(super) allowed: Vec<Allowed>,
    pub(super) detectors: u8,
}

impl Rules {
    pub(super) fn detects(&self, detector: Detector) -> bool {
        self.detectors & detector.bit() != 0
    }

    /// Whether what a name holds is a secret; `above` gives the names on the way to it, outermost first, and is
    /// called only when it could matter.
    pub(super) fn names_secret<'a>(
        &self,
        name: &str,
        above: impl FnOnce() -> Vec<&'a str>,
    ) -> bool {
        self.names.hit(name) && !self.allows(name, above)
    }

    pub(super) fn path_secret(&self, path: &str) -> bool {
        // The words of all segments together hit whenever those of one do, and nearly always they do not.
        self.names.hit(path)
            && Segments { rest: path }.enumerate().any(|(position, name)| {
                self.names_secret(name, || Segments { rest: path }.take(position).collect())
            })
    }

    fn allows<'a>(&self, name: &str, above: impl FnOnce() -> Vec<&'a str>) -> bool {
        if self.allowed.is_empty() {
            return false;
        }
        let above = above();
        self.allowed
            .iter()
            .any(|allowed| allowed.covers(name, &above))
    }
}

/// A field that is never masked because of its name.
#[derive(Clone, Debug)]
pub(super) struct Allowed {
    /// The lower-case words of each name on the path; the last is the field.
    segments: Vec<Vec<String>>,
}

impl Allowed {
    pub(super) fn parse(path: &str) -> Option<Self> {
        let segments: Vec<_> = path
            .split('.')
            .map(lowercase_words)
            .filter(|words| !words.is_empty())
            .collect();
        (!segments.is_empty()).then_some(Self { segments })
    }

    fn covers(&self, name: &str, above: &[&str]) -> bool {
        let Some((field, parents)) = self.segments.split_last() else {
            return false;
        };
        if same_words(name, field) {
            let skipped = above.len().checked_sub(parents.len());
            let nearest = skipped.and_then(|skipped| above.get(skipped..));
            return nearest.is_some_and(|names| {
                names
                    .iter()
                    .zip(parents)
                    .all(|(name, words)| same_words(name, words))
            });
        }
        // A flat map spells the path in one name: {"keyboard.key": 1}.
        name.split('.').count() == self.segments.len()
            && name
                .split('.')
                .zip(&self.segments)
                .all(|(name, words)| same_words(name, words))
    }
}

/// The names on a path of a change.
#[derive(Debug)]
pub(super) struct Segments<'a> {
    pub(super) rest: &'a str,
}

impl<'a> Iterator for Segments<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            self.rest = self.rest.trim_start_matches('.');
            let Some(inside) = self.rest.strip_prefix('[') else {
                break;
            };
            if let Some((name, rest)) = inside.strip_prefix('"').and_then(quoted) {
                self.rest = rest;
                return Some(name);
            }
            match inside.split_once(']') {
                Some((_, rest)) => self.rest = rest,
                // A bracket that is never closed hides nothing.
                None => self.rest = inside,
            }
        }
        let end = self.rest.find(['.', '[']).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!name.is_empty()).then_some(name)
    }
}

/// Splits after `"]`, not counting an escaped quote.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (index, char) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if char == '\\' {
            escaped = true;
        } else if char == '"' {
            let rest = text.get(index + 1..)?.strip_prefix(']')?;
            return Some((text.get(..index)?, rest));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sanitize::Sanitizer;

    fn segments(path: &str) -> Vec<&str> {
        Segments { rest: path }.collect()
    }

    #[test]
    fn brackets_hold_item_keys_and_quoted_names() {
        assert_eq!(segments("location.city"), ["location", "city"]);
        assert_eq!(segments("notes[7].api_token"), ["notes", "api_token"]);
        assert_eq!(
            segments(r#"settings["x.y"].token"#),
            ["settings", "x.y", "token"]
        );
        assert_eq!(segments(r#"a["q\"]x"][1][2].b"#), ["a", r#"q\"]x"#, "b"]);
        assert_eq!(segments("a[secret"), ["a", "secret"]);
        assert_eq!(segments(""), [""; 0]);
        assert_eq!(segments("..[]..[1]"), [""; 0]);
    }

    #[test]
    fn any_name_on_the_path_decides() {
        let sanitizer = Sanitizer::default();
        for path in [
            "notes[7].api_token",
            r#"settings["x.y"].token"#,
            "auth.user",
            "password",
            "a.b.PrivateKey.c",
            r#"headers["X-Api-Key"]"#,
            "tokens[3]",
            "user[unclosed.password",
        ] {
            assert!(sanitizer.is_sensitive_path(path), "{path}");
        }
        for path in [
            "location.city",
            "notes[secret-id]",
            "notes[7]",
            "notes[secret].title",
            "author.keyboard",
            "",
        ] {
            assert!(!sanitizer.is_sensitive_path(path), "{path}");
        }
    }

    #[test]
    fn an_allowed_name_is_the_whole_name() {
        let sanitizer = Sanitizer::builder()
            .allow("key")
            .allow("Session-Title")
            .build();
        for name in ["key", "KEY", "session_title", "sessionTitle"] {
            assert!(!sanitizer.is_sensitive(name), "{name}");
        }
        for name in ["keys", "api_key", "key2", "session", "session_title_token"] {
            assert!(sanitizer.is_sensitive(name), "{name}");
        }
        assert!(!sanitizer.is_sensitive_path("a.key[1]"));
        assert!(sanitizer.is_sensitive_path("auth.key"));
        assert!(sanitizer.is_sensitive_path("key.password"));
    }

    #[test]
    fn an_allowed_path_counts_only_there() {
        let sanitizer = Sanitizer::builder()
            .allow("keyboard.key")
            .allow("..")
            .build();
        for path in [
            "keyboard.key",
            "order[3].keyboard.key",
            "keyboard[2].Key",
            r#"keyboard["key"]"#,
        ] {
            assert!(!sanitizer.is_sensitive_path(path), "{path}");
        }
        for path in [
            "key",
            "order.key",
            "keyboard.api_key",
            "keyboard.x.key",
            "secret.keyboard.key",
            "keyboard.key.pin",
        ] {
            assert!(sanitizer.is_sensitive_path(path), "{path}");
        }
        assert!(sanitizer.is_sensitive("key"));
        assert!(sanitizer.is_sensitive("keyboardKey"));
        assert!(!sanitizer.is_sensitive("keyboard.key"));
    }
}
