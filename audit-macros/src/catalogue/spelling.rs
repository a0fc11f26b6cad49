//! Code as people write it, the same with every compiler: how a token stream prints itself is not promised.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// The operators of several signs: `::<` is two.
const OPERATORS: [&str; 13] = [
    "::", "..", "..=", "->", "=>", "==", "!=", "<=", ">=", "&&", "||", "<<", ">>",
];

/// The text of an expression, a condition or a type.
pub(crate) fn spelled(tokens: TokenStream) -> String {
    let mut text = Text::default();
    for token in tokens {
        text.push(token);
    }
    text.end_operator();
    text.written
}

#[derive(Default)]
struct Text {
    written: String,
    last: Last,
    /// An operator of which more signs may follow.
    operator: String,
    /// Whether a `|` has opened the parameters of a closure.
    is_in_closure: bool,
    /// How many `<` have opened.
    generics: usize,
}

/// What was written last.
#[derive(Clone, Copy, Default, PartialEq)]
enum Last {
    /// Nothing, or what wants no space after it.
    #[default]
    Open,
    /// A name, a literal or a group.
    Value,
    /// What wants a space after it.
    Spaced,
}

impl Text {
    fn push(&mut self, token: TokenTree) {
        if !matches!(&token, TokenTree::Punct(punct) if punct.as_char() != '\'') {
            self.end_operator();
        }
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                self.space_before_value();
                self.written.push('\'');
                self.last = Last::Open;
            }
            TokenTree::Punct(punct) => {
                let longer = format!("{}{}", self.operator, punct.as_char());
                if longer.len() > 1 && !OPERATORS.contains(&longer.as_str()) {
                    self.end_operator();
                }
                self.operator.push(punct.as_char());
                if punct.spacing() == Spacing::Alone {
                    self.end_operator();
                }
            }
            TokenTree::Group(group) => {
                let inner = spelled(group.stream());
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace if inner.is_empty() => (" {", "}"),
                    Delimiter::Brace => (" { ", " }"),
                    Delimiter::None => ("", ""),
                };
                if self.last == Last::Spaced {
                    self.written.push(' ');
                }
                let open = if self.written.is_empty() || self.last == Last::Spaced {
                    open.trim_start()
                } else {
                    open
                };
                self.written.extend([open, &inner, close]);
                self.last = Last::Value;
            }
            token => {
                self.space_before_value();
                self.written.push_str(&token.to_string());
                self.last = Last::Value;
            }
        }
    }

    fn space_before_value(&mut self) {
        if self.last != Last::Open {
            self.written.push(' ');
        }
    }

    fn end_operator(&mut self) {
        let operator = std::mem::take(&mut self.operator);
        if !operator.is_empty() {
            self.operator(&operator);
        }
    }

    fn operator(&mut self, operator: &str) {
        let is_prefix = self.last != Last::Value;
        let is_close =
            (operator == "|" && self.is_in_closure) || (operator == ">" && self.generics > 0);
        match operator {
            "." | "?" | "::" | ".." | "..=" => {
                if self.last == Last::Spaced {
                    self.written.push(' ');
                }
                self.tight(operator, Last::Open);
            }
            "," | ";" | ":" => self.tight(operator, Last::Spaced),
            "!" if !is_prefix => self.tight(operator, Last::Open),
            "<" if self.written.ends_with("::") => {
                self.generics += 1;
                self.tight(operator, Last::Open);
            }
            _ if is_close => {
                if operator == ">" {
                    self.generics -= 1;
                    self.tight(operator, Last::Value);
                } else {
                    self.is_in_closure = false;
                    self.tight(operator, Last::Spaced);
                }
            }
            _ => {
                if self.last != Last::Open {
                    self.written.push(' ');
                }
                self.is_in_closure = is_prefix && operator == "|";
                let after = match operator {
                    "||" if is_prefix => Last::Spaced,
                    _ if is_prefix => Last::Open,
                    _ => Last::Spaced,
                };
                self.tight(operator, after);
            }
        }
        if operator == "?" {
            self.last = Last::Value;
        }
    }

    fn tight(&mut self, operator: &str, last: Last) {
        self.written.push_str(operator);
        self.last = last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_spelled_as_it_is_written() {
        for text in [
            "by.id",
            "self.rows.get(&id).cloned()",
            "a + b * -c",
            "incident.map(|incident| incident.id)",
            "once(|| x)",
            "id::<A, B>()",
            "*self",
            "a && !b",
            "&mut x",
            "format!(\"{a} b\", a = 1)",
            "[1, 2][0]",
            "x? == y",
            "Incident { id: 7, ..old }",
            "all(feature = \"x\", not(test))",
            "&'static str",
            "x as u8",
            "0..n",
            "if a { b } else { c }",
            "",
        ] {
            assert_eq!(spelled(text.parse().unwrap()), text);
        }
    }

    #[test]
    fn spaces_of_the_source_play_no_part() {
        for (text, expected) in [
            ("by . id", "by.id"),
            ("f( a,b )", "f(a, b)"),
            ("a+b", "a + b"),
        ] {
            assert_eq!(spelled(text.parse().unwrap()), expected);
        }
    }
}
