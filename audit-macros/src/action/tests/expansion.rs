//! What is generated.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{
    action::attribute,
    testing::{pretty, unqualified},
};

#[test]
fn sync_function() {
    insta::assert_snapshot!(pretty(attribute(
        quote!(action = "close", entity_type = "incident", entity_id = id),
        quote! {
            /// Closes it.
            #[must_use]
            pub fn close(id: Uuid) -> Result<Incident, DeskError> {
                #![allow(unused)]
                let incident = find(id)?;
                Ok(incident)
            }
        },
    )));
}

#[test]
fn async_function() {
    insta::assert_snapshot!(pretty(attribute(
        quote!(action = "close", entity_type = "incident", entity_id = id),
        quote! {
            pub(crate) async fn close(id: Uuid) -> Result<impl Iterator<Item = u8>, DeskError> {
                find(id).await
            }
        },
    )));
}

#[test]
fn method_with_borrowed_return() {
    let code = pretty(attribute(
        quote!(action = "touch"),
        quote! {
            fn touch(&mut self) -> &mut Item {
                &mut self.item
            }
        },
    ));
    insta::assert_snapshot!(code);
}

#[test]
fn every_word_and_crate_path() {
    insta::assert_snapshot!(pretty(attribute(
        quote!(
            action = "import",
            entity_type = "file",
            entity_id = self.id,
            entity_name = self.names::<A, B>(),
            tenant = company,
            metadata(reason, r#type, rows = rows.len() + 1, "source.host" = host),
            reason = reason.trim(),
            severity = "critical",
            before = self.load().await,
            after = self.load().await,
            result(|(id, file): &(u8, File)| entity = file, metadata(id)),
            skip_if = rows.is_empty(),
            auditor = self.auditor,
            context = self.context,
            strict,
            attempt,
            none = denied,
            sources,
            crate = crate::facade::audit,
        ),
        quote! {
            async fn import(
                &self,
                (reason, Source { host, .. }): (String, Source),
                r#type: u8,
                rows: Vec<Row>,
                company: Tenant,
            ) -> Result<Option<(u8, File)>, Error> {
                store(rows).await
            }
        },
    )));
}

#[test]
fn future_in_a_plain_function() {
    insta::assert_snapshot!(pretty(attribute(
        quote!(action = "close"),
        quote! {
            fn close<'a>(&'a self) -> Pin<Box<dyn Future<Output = Result<u8, E>> + Send + 'a>> {
                let handle = self.handle();
                Box::pin(async move { handle.close().await })
            }
        },
    )));
}

#[test]
fn nothing_is_named_but_by_its_whole_path() {
    for (words, item) in [
        (
            quote!(
                action = "a",
                entity_type = "b",
                entity_id = id,
                entity_name = id,
                metadata(id, n = 1)
            ),
            quote!(
                fn f(&mut self, id: U) -> &mut U {
                    g(id)?
                }
            ),
        ),
        (
            quote!(action = "a"),
            quote!(
                async fn f() -> impl T {
                    g().await?
                }
            ),
        ),
        (
            quote!(action = "a"),
            quote!(
                fn f() -> ! {
                    g()
                }
            ),
        ),
        (
            quote!(action = "a", crate = x::y),
            quote!(
                fn f() -> P<B<dyn Future<Output = U>>> {
                    B::pin(async move { 1 })
                }
            ),
        ),
        (
            quote!(),
            quote!(
                const fn f() {}
            ),
        ),
        (
            quote!(
                entity = x,
                tenant = x,
                reason = x,
                severity = "critical",
                before = x,
                after = |y| y,
                result(|y| entity = y, metadata(y)),
                skip_if = x,
                auditor = x,
                context = x,
                strict,
                attempt,
                none = denied,
                sources
            ),
            quote!(
                async fn f(x: X) -> Result<Option<Y>, E> {
                    g()
                }
            ),
        ),
        (
            quote!(
                severity = x,
                before = x,
                after = x,
                skip_if = x,
                context = x,
                strict,
                attempt
            ),
            quote!(
                fn f(x: X) -> Result<Y, E> {
                    g()
                }
            ),
        ),
    ] {
        let given: TokenStream = [words.clone(), item.clone()].into_iter().collect();
        assert_eq!(unqualified(given, attribute(words, item)), [""; 0]);
    }
}
