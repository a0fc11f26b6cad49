//! A body that ends in `async move { … }` or `Box::pin(async move { … })`, as `#[async_trait]` writes it.
//!
//! Such a function only builds a future. What is audited is the future, so the `async` block is found and wrapped.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::function::{is, is_punct};

pub(super) struct AsyncTail {
    /// The statements before, which run when the future is built.
    pub(super) before: TokenStream,
    /// `Box::pin` and its parentheses, if they are there.
    pub(super) pin: Option<(TokenStream, Group)>,
    /// `async` or `async move`.
    pub(super) keywords: TokenStream,
    pub(super) block: Group,
}

impl AsyncTail {
    /// Looks at the end of the body only; everything else is left to rustc.
    pub(super) fn find(body: &Group) -> Option<Self> {
        let tokens: Vec<TokenTree> = body.stream().into_iter().collect();
        if let Some((before, keywords, block)) = split_async(&tokens) {
            return starts_statement(before).then(|| Self {
                before: stream(before),
                pin: None,
                keywords: stream(keywords),
                block: block.clone(),
            });
        }
        let (TokenTree::Group(parentheses), head) = tokens.split_last()? else {
            return None;
        };
        if parentheses.delimiter() != Delimiter::Parenthesis {
            return None;
        }
        let (before, path) = split_box_pin(head)?;
        let mut inside: Vec<TokenTree> = parentheses.stream().into_iter().collect();
        inside.pop_if(|last| is_punct(last, ','));
        let ([], keywords, block) = split_async(&inside)? else {
            return None;
        };
        starts_statement(before).then(|| Self {
            before: stream(before),
            pin: Some((stream(path), parentheses.clone())),
            keywords: stream(keywords),
            block: block.clone(),
        })
    }
}

/// `… async move { … }` → what is before, the keywords, the block.
fn split_async(tokens: &[TokenTree]) -> Option<(&[TokenTree], &[TokenTree], &Group)> {
    let (TokenTree::Group(block), head) = tokens.split_last()? else {
        return None;
    };
    if block.delimiter() != Delimiter::Brace {
        return None;
    }
    let keywords = match head {
        [.., first, second] if is(first, "async") && is(second, "move") => 2,
        [.., last] if is(last, "async") => 1,
        _ => return None,
    };
    let (before, keywords) = head.split_at_checked(head.len() - keywords)?;
    Some((before, keywords, block))
}

/// `… ::std::boxed::Box::pin` → what is before, the path.
fn split_box_pin(tokens: &[TokenTree]) -> Option<(&[TokenTree], &[TokenTree])> {
    let [.., name, colon, second_colon, pin] = tokens else {
        return None;
    };
    if !is(name, "Box") || !is_punct(colon, ':') || !is_punct(second_colon, ':') || !is(pin, "pin")
    {
        return None;
    }
    let mut start = tokens.len() - 4;
    // Takes `segment::` pairs, then a leading `::`.
    while let Some([.., colon, second_colon]) = tokens.get(..start) {
        if !is_punct(colon, ':') || !is_punct(second_colon, ':') {
            break;
        }
        start -= 2;
        if matches!(tokens.get(..start), Some([.., TokenTree::Ident(_)])) {
            start -= 1;
        }
    }
    tokens.split_at_checked(start)
}

/// Whether a statement can begin after these tokens.
fn starts_statement(before: &[TokenTree]) -> bool {
    match before.last() {
        None => true,
        Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Brace,
        Some(token) => is_punct(token, ';'),
    }
}

fn stream(tokens: &[TokenTree]) -> TokenStream {
    tokens.iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn find(body: TokenStream) -> Option<(String, String)> {
        let tail = AsyncTail::find(&Group::new(Delimiter::Brace, body))?;
        let path = tail.pin.map(|(path, _)| path).unwrap_or_default();
        let text = |tokens: TokenStream| tokens.to_string().replace(' ', "");
        Some((text(tail.before), text(path)))
    }

    #[test]
    fn found() {
        let some = |before: &str, path: &str| Some((before.to_owned(), path.to_owned()));
        assert_eq!(find(quote!(async move { 1 })), some("", ""));
        assert_eq!(find(quote!(let a = b; async { 1 })), some("leta=b;", ""));
        assert_eq!(find(quote!(if a { b } async { 1 })), some("ifa{b}", ""));
        assert_eq!(
            find(quote!(Box::pin(async move { 1 }))),
            some("", "Box::pin")
        );
        assert_eq!(
            find(quote!(a(); ::std::boxed::Box::pin(async move { 1 },))),
            some("a();", "::std::boxed::Box::pin")
        );
    }

    #[test]
    fn not_found() {
        for body in [
            quote!(),
            quote!(inner()),
            quote!(async move { 1 };),
            quote!(async move { 1 }.boxed()),
            quote!(return async { 1 }),
            quote!(Ok(Box::pin(async { 1 }))),
            quote!(Box::pin(inner())),
            quote!(Box::pin(a, async {})),
            quote!(a + Box::pin(async {})),
            quote!({ 1 }),
        ] {
            assert!(find(body.clone()).is_none(), "{body}");
        }
    }
}
