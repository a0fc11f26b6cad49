//! Names from names.

/// `HTTPServer2Go` → `http_server2_go`: a capital starts a word unless it continues a run of capitals.
pub(crate) fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 4);
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(at + 1);
        let starts_word = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            });
        if starts_word {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found() {
        for (name, expected) in [
            ("Incident", "incident"),
            ("IncidentNote", "incident_note"),
            ("HTTPServer2Go", "http_server2_go"),
            ("X", "x"),
            ("already_snake", "already_snake"),
            ("Ärger", "ärger"),
        ] {
            assert_eq!(snake_case(name), expected);
        }
    }
}
