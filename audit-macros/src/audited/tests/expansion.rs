//! What is generated, as a whole and word by word.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{
    audited::derive,
    testing::{pretty, unqualified},
};

#[test]
fn simple() {
    insta::assert_snapshot!(pretty(derive(quote! {
        #[audit(entity_type = "incident")]
        struct Incident {
            #[audit(id)]
            id: Uuid,
            #[audit(name, rename = "summary")]
            title: String,
            r#type: Kind,
            #[audit(exclude)]
            password: String,
            #[audit(redact)]
            api_token: String,
        }
    })));
}

#[test]
fn every_capture() {
    insta::assert_snapshot!(pretty(derive(quote! {
        #[audit(tenant = company, rename_all = "camelCase")]
        struct Person {
            company: String,
            #[audit(mask = last_four)]
            card_number: String,
            #[audit(hash, sensitive)]
            email: String,
            #[audit(nested)]
            home: Option<Address>,
            #[audit(key = "meta.id")]
            notes: Vec<Note>,
            #[audit(set, ignore)]
            tags: Vec<String>,
            #[audit(with = unit::in_metres, compare = nearly)]
            height: f64,
            #[audit(truncate = 200, sensitive)]
            remark: String,
        }
    })));
}

#[test]
fn variants() {
    insta::assert_snapshot!(pretty(derive(quote! {
        #[audit(rename_all = "snake_case")]
        enum Status {
            Open,
            Waiting,
            Merged(#[audit(id)] u64),
            #[audit(rename = "shut")]
            Closed {
                #[audit(id)]
                number: u64,
                by: String,
                #[audit(redact)]
                code: String,
                #[audit(exclude)]
                cache: String,
            },
            Moved(Place, #[audit(exclude)] u8, #[audit(nested)] Place),
        }
    })));
}

#[test]
fn generic() {
    insta::assert_snapshot!(pretty(derive(quote! {
        #[audit(crate = crate::facade::audit)]
        pub struct TaggedRecord<'a, I, T: Clone = u8, const N: usize = 1>
        where
            T: Sync,
        {
            #[audit(id)]
            id: I,
            tags: Vec<T>,
            #[audit(redact)]
            secret: [T; N],
            #[audit(exclude)]
            cache: T,
            note: &'a str,
            other: outer::T,
        }
    })));
}

#[test]
fn errors_leave_a_stub_with_all_generics() {
    insta::assert_snapshot!(pretty(derive(quote! {
        #[audit(crate = other)]
        union Choice<'a, T: Clone> where T: Sync { a: &'a T }
    })));
}

/// What is written after `where` for a type `Record<T, U>` with these attributes and fields.
fn bounds(attributes: &TokenStream, fields: &TokenStream) -> String {
    let code = derive(quote!(#attributes struct Record<T, U, const N: usize> { #fields }));
    let file: syn::File = syn::parse2(code).unwrap();
    let Some(syn::Item::Const(item)) = file.items.into_iter().next() else {
        panic!("a constant with the implementation in it");
    };
    let syn::Expr::Block(block) = *item.expr else {
        panic!("a block");
    };
    let implementation = block.block.stmts.into_iter().find_map(|stmt| match stmt {
        syn::Stmt::Item(syn::Item::Impl(item)) => Some(item),
        _ => None,
    });
    let predicates = implementation.unwrap().generics.where_clause;
    predicates.map_or_else(String::new, |clause| {
        quote::ToTokens::to_token_stream(&clause.predicates)
            .to_string()
            .replace(' ', "")
            .replace("::core::cmp::", "")
            .replace("::core::fmt::", "")
            .replace("::core::iter::", "")
            .replace("__audit::", "")
    })
}

#[test]
fn each_capture_asks_for_what_it_uses() {
    for (field, expected) in [
        (quote!(a: T), "T:PartialEq+Recordable"),
        (quote!(a: u8), ""),
        (quote!(a: [u8; N]), "[u8;N]:PartialEq+Recordable"),
        (quote!(#[audit(exclude)] a: T), ""),
        (quote!(#[audit(redact)] a: T), "T:PartialEq"),
        (quote!(#[audit(redact, compare = same)] a: T), ""),
        (quote!(#[audit(mask = f)] a: T), "T:PartialEq"),
        (quote!(#[audit(with = f)] a: T), "T:PartialEq"),
        (quote!(#[audit(with = f, compare = same)] a: T), ""),
        (quote!(#[audit(compare = same)] a: T), "T:Recordable"),
        (quote!(#[audit(hash)] a: T), "T:PartialEq+Digestible"),
        (quote!(#[audit(nested)] a: Option<T>), "Option<T>:Nested"),
        (
            quote!(#[audit(key = "id")] a: Vec<Note<T>>),
            "<Vec<Note<T>>asIntoIterator>::Item:Nested",
        ),
        (
            quote!(#[audit(set)] a: HashSet<T>),
            "HashSet<T>:PartialEq,<HashSet<T>asIntoIterator>::Item:Recordable",
        ),
        (
            quote!(#[audit(id)] a: T),
            "T:PartialEq+Recordable+ToEntityId",
        ),
        (
            quote!(#[audit(name, tenant)] a: T),
            "T:PartialEq+Recordable+Display+Display",
        ),
        (
            quote!(a: T, b: U, c: T),
            "T:PartialEq+Recordable,U:PartialEq+Recordable",
        ),
    ] {
        assert_eq!(bounds(&quote!(), &field), expected, "{field}");
    }
}

#[test]
fn a_type_that_holds_itself_is_not_asked_to_be_audited() {
    let next = quote!(#[audit(nested)] next: Option<Box<Record<T, U, N>>>, a: T);
    assert_eq!(bounds(&quote!(), &next), "T:PartialEq+Recordable");
    for all in [
        quote!(#[audit(key = "id")] all: Vec<Record<T, U, N>>),
        quote!(#[audit(nested)] all: [Option<Box<Self>>; N]),
    ] {
        assert_eq!(bounds(&quote!(), &all), "");
    }
}

#[test]
fn bounds_that_are_written_replace_those_that_are_found() {
    let fields = quote!(a: T, #[audit(nested)] b: Vec<U>);
    for (bound, expected) in [
        ("T: Copy, U: Clone + Send,", "T:Copy,U:Clone+Send"),
        ("", ""),
    ] {
        assert_eq!(bounds(&quote!(#[audit(bound = #bound)]), &fields), expected);
    }
    let none = derive(quote!(
        #[audit(bound = "")]
        struct Wrapper<T>
        where
            T: Sync,
        {
            a: T,
        }
    ));
    assert!(pretty(none).contains("where\n        T: Sync,\n    {"));
}

#[test]
fn fields_that_include_leaves_out_may_name_the_record() {
    let fields = quote!(#[audit(id)] a: T, b: U);
    assert_eq!(
        bounds(&quote!(#[audit(include(b))]), &fields),
        "T:ToEntityId,U:PartialEq+Recordable"
    );
}

#[test]
fn nothing_is_named_but_by_its_whole_path() {
    for input in [
        quote!(
            #[audit(crate = x::y)]
            struct S<T, U> {
                #[audit(id)]
                a: T,
                #[audit(name, truncate = 3)]
                b: U,
                #[audit(redact, ignore)]
                c: T,
                #[audit(exclude)]
                d: U,
                #[audit(tenant)]
                e: T,
            }
        ),
        quote!(
            struct S {
                #[audit(mask = f)]
                a: u8,
                #[audit(hash, sensitive)]
                b: u8,
                #[audit(nested)]
                c: u8,
                #[audit(key = "a.b")]
                d: u8,
                #[audit(set)]
                e: u8,
                #[audit(with = f, compare = f)]
                f: u8,
            }
        ),
        quote!(
            struct S;
        ),
        quote!(
            enum E<T> {
                A(T),
                B,
                C {
                    #[audit(id)]
                    d: T,
                },
            }
        ),
        quote!(
            union U {
                a: u8,
            }
        ),
    ] {
        assert_eq!(unqualified(input.clone(), derive(input)), [""; 0]);
    }
}
