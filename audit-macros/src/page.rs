//! The page that shows what is generated shows what is generated.

use std::path::Path;
use std::{env, fs};

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Item, Meta};

use crate::{action, audited, testing::pretty};

const PAGE: &str = "../audit-core/docs/generated_code.md";
const FENCE: &str = "```text\n";

#[test]
fn the_page_shows_what_is_generated() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = fs::read_to_string(&path).unwrap();
    let mut shown = String::new();
    let mut rest = page.as_str();
    let mut examples = 0;
    while let Some((before, input, between, after)) = example(rest) {
        shown.extend([before, FENCE, input, "```", between, FENCE]);
        shown.push_str(&expansion(input));
        shown.push_str("```");
        rest = after;
        examples += 1;
    }
    shown.push_str(rest);
    assert_eq!(examples, 2);
    if env::var_os("AUDIT_WRITE_PAGES").is_some() {
        fs::write(&path, &shown).unwrap();
    }
    assert!(
        page == shown,
        "run `AUDIT_WRITE_PAGES=1 cargo test -p audit-macros` and read the difference in {PAGE}"
    );
}

/// What is before an example, the example, what is between it and its expansion, and what is after.
fn example(page: &str) -> Option<(&str, &str, &str, &str)> {
    let (before, rest) = page.split_once(FENCE)?;
    let (input, rest) = rest.split_once("```")?;
    let (between, rest) = rest.split_once(FENCE)?;
    let (_, after) = rest.split_once("```")?;
    Some((before, input, between, after))
}

fn expansion(input: &str) -> String {
    let tokens: TokenStream = input.parse().unwrap();
    let output = match syn::parse2(tokens.clone()).unwrap() {
        Item::Fn(mut function) => {
            let attribute: Attribute = function.attrs.remove(0);
            let Meta::List(words) = attribute.meta else {
                panic!("the function on the page has no words");
            };
            action::attribute(words.tokens, quote!(#function))
        }
        _ => audited::derive(tokens),
    };
    pretty(output)
}
