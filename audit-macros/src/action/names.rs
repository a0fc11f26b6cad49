//! What action and entity type follow from the function's name.

use proc_macro2::Ident;
use syn::{Expr, LitStr, Member, ext::IdentExt};

use super::parse::Words;
use crate::words::{LONGEST, too_long};

/// Second words that belong to the verb: `log_in` is an action, not the logging of an `in`.
const PARTICLES: [&str; 11] = [
    "in", "out", "up", "off", "on", "to", "from", "by", "for", "with", "all",
];

/// What is recorded as action and entity type.
pub(super) struct Names {
    pub(super) action: LitStr,
    pub(super) entity_type: Option<LitStr>,
}

impl Names {
    /// What is written, and for what is not what the name of the function says; an error where it
    /// may say several things.
    pub(super) fn find(words: &Words, name: &Ident) -> Result<Self, String> {
        let text = name.unraw().to_string();
        let literal = |text: &str| LitStr::new(text, name.span());
        let entity_type = words.entity_type.value().cloned();
        if let Some(action) = words.action.value() {
            let of_name = || type_after(&text, &action.value()).map(literal);
            let is_open = words.entity.get().is_none();
            let entity_type = entity_type.or_else(|| is_open.then(of_name).flatten());
            return Ok(Self {
                action: action.clone(),
                entity_type,
            });
        }
        let parts: Vec<&str> = text.split('_').filter(|part| !part.is_empty()).collect();
        let entity = words.entity.value();
        let known = entity_type.as_ref().map(LitStr::value);
        let (action, of_name) = match (parts.as_slice(), known, entity) {
            ([one], _, _) => (*one, None),
            (_, Some(known), _) => (action_before(&text, &known)?, None),
            (_, None, Some(entity)) => {
                let known = last_name(entity).ok_or_else(|| ask(&text, &[]))?;
                (action_before(&text, &known)?, None)
            }
            ([action, of_what], None, None) if !PARTICLES.contains(of_what) => {
                (*action, Some(literal(of_what)))
            }
            (parts, None, None) => return Err(ask(&text, parts)),
        };
        if let Some(length) = too_long(action) {
            return Err(format!(
                "the action `{action}` has {length} characters, at most {LONGEST} are stored: add `action = \"...\"`"
            ));
        }
        Ok(Self {
            action: literal(action),
            entity_type: entity_type.or(of_name),
        })
    }
}

/// `incident` of `close_incident`, where the action is `close`.
fn type_after<'n>(name: &'n str, action: &str) -> Option<&'n str> {
    let rest = name.strip_prefix(action)?.strip_prefix('_')?;
    let is_one_word = !rest.is_empty() && !rest.contains('_') && !PARTICLES.contains(&rest);
    (is_one_word && too_long(rest).is_none()).then_some(rest)
}

/// `close` of `close_incident`, where the entity type is `incident`.
fn action_before<'n>(name: &'n str, entity_type: &str) -> Result<&'n str, String> {
    let action = name
        .strip_suffix(entity_type)
        .and_then(|rest| rest.strip_suffix('_'))
        .filter(|action| !action.is_empty());
    action.ok_or_else(|| {
        format!(
            "`{name}` does not end in `_{entity_type}`, so it does not say what the action is: add `action = \"...\"`, such as `action = \"{name}\"`"
        )
    })
}

fn ask(name: &str, parts: &[&str]) -> String {
    let whole = format!(
        "`{name}` does not say which part of it is the action: write `action = \"{name}\"`"
    );
    if let [action @ .., last] = parts
        && !action.is_empty()
        && !PARTICLES.contains(last)
    {
        let action = action.join("_");
        return format!("{whole}, or `action = \"{action}\", entity_type = \"{last}\"`");
    }
    whole
}

/// The name at the end of `self.incident`, `&incident` or `incident.clone()`.
fn last_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Field(field) => match &field.member {
            Member::Named(name) => Some(name.unraw().to_string()),
            Member::Unnamed(_) => None,
        },
        Expr::Group(group) => last_name(&group.expr),
        Expr::MethodCall(call) => last_name(&call.receiver),
        Expr::Paren(paren) => last_name(&paren.expr),
        Expr::Path(path) => Some(path.path.segments.last()?.ident.unraw().to_string()),
        Expr::Reference(reference) => last_name(&reference.expr),
        Expr::Unary(unary) => last_name(&unary.expr),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::{Span, TokenStream};
    use quote::quote;

    use super::*;
    use crate::diag::Diag;

    fn find(words: TokenStream, name: &str) -> Result<(String, Option<String>), String> {
        let mut diag = Diag::new();
        let words = Words::parse(words, &mut diag);
        diag.finish().unwrap();
        let name = match name.strip_prefix("r#") {
            Some(raw) => Ident::new_raw(raw, Span::call_site()),
            None => Ident::new(name, Span::call_site()),
        };
        let names = Names::find(&words, &name)?;
        Ok((
            names.action.value(),
            names.entity_type.as_ref().map(LitStr::value),
        ))
    }

    #[test]
    fn two_words_are_action_and_entity_type() {
        for (words, name, action, entity_type) in [
            (quote!(), "close_incident", "close", Some("incident")),
            (quote!(), "_close_incident", "close", Some("incident")),
            (quote!(), "close", "close", None),
            (quote!(), "r#move", "move", None),
            (quote!(entity_type = "x"), "close", "close", Some("x")),
            (
                quote!(entity_type = "incident"),
                "force_close_incident",
                "force_close",
                Some("incident"),
            ),
            (
                quote!(entity_type = "audit_log"),
                "read_audit_log",
                "read",
                Some("audit_log"),
            ),
            (
                quote!(entity = &self.incident),
                "close_incident",
                "close",
                None,
            ),
            (
                quote!(entity = incident.clone()),
                "close_incident",
                "close",
                None,
            ),
            (quote!(entity = f(x)), "close", "close", None),
            (
                quote!(action = "close"),
                "close_incident",
                "close",
                Some("incident"),
            ),
            (
                quote!(action = "close"),
                "close_all_incidents",
                "close",
                None,
            ),
            (quote!(action = "close"), "shut_incident", "close", None),
            (quote!(action = "log"), "log_in", "log", None),
            (
                quote!(action = "close", entity = x),
                "close_incident",
                "close",
                None,
            ),
        ] {
            let expected = (action.to_owned(), entity_type.map(str::to_owned));
            assert_eq!(find(words, name), Ok(expected), "{name}");
        }
    }

    #[test]
    fn anything_else_asks() {
        for (words, name, expected) in [
            (
                quote!(),
                "log_in",
                "`log_in` does not say which part of it is the action: write `action = \"log_in\"`",
            ),
            (
                quote!(),
                "reopen_stale_incident",
                "`reopen_stale_incident` does not say which part of it is the action: \
                 write `action = \"reopen_stale_incident\"`, \
                 or `action = \"reopen_stale\", entity_type = \"incident\"`",
            ),
            (
                quote!(entity_type = "incident"),
                "close_note",
                "`close_note` does not end in `_incident`, so it does not say what the action is: \
                 add `action = \"...\"`, such as `action = \"close_note\"`",
            ),
            (
                quote!(entity = f(x)),
                "close_note",
                "`close_note` does not say which part of it is the action: write `action = \"close_note\"`",
            ),
        ] {
            assert_eq!(find(words, name), Err(expected.to_owned()));
        }
        let long = "x".repeat(51);
        assert!(find(quote!(), &long).unwrap_err().contains("51 characters"));
    }
}
