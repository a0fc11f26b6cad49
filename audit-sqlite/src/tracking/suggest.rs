//! What there is, and which of it was meant, for errors about names.

/// `` `a`, `b`; did you mean `b`? ``
pub(super) fn there_is<'a>(
    found: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    let names: Vec<String> = known
        .clone()
        .into_iter()
        .map(|name| format!("`{name}`"))
        .collect();
    let list = if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    };
    match nearest(found, known) {
        Some(name) => format!("{list}; did you mean `{name}`?"),
        None => list,
    }
}

/// The nearest name, if so few letters are wrong that it can be meant.
fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (found.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (distance(&found.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many letters have to be put in, taken out or changed (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut costs: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        for (cost, other) in costs.iter_mut().skip(1).zip(&to) {
            let change = diagonal + usize::from(letter != *other);
            diagonal = *cost;
            left = change.min(diagonal + 1).min(left + 1);
            *cost = left;
        }
        if let Some(first) = costs.first_mut() {
            *first = line + 1;
        }
    }
    costs.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (from, to, expected) in [
            ("", "abc", 3),
            ("abc", "", 3),
            ("naem", "name", 2),
            ("kitten", "sitting", 3),
            ("same", "same", 0),
        ] {
            assert_eq!(distance(from, to), expected, "{from} → {to}");
        }
    }

    #[test]
    fn only_what_is_near_is_suggested() {
        let known = ["id", "Name", "status"];
        assert_eq!(there_is("nmae_", known), "`id`, `Name`, `status`");
        assert_eq!(
            there_is("nam", known),
            "`id`, `Name`, `status`; did you mean `Name`?"
        );
        assert_eq!(there_is("x", []), "none");
    }
}
