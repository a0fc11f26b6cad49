//! What the return type tells about wrapping the body.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{
    AngleBracketedGenericArguments, GenericArgument, PathArguments, ReturnType, Type, TypeInfer,
    TypeParamBound, punctuated::Punctuated,
};

use super::function::{find, is, is_punct};

/// The names under which a future stands in a return type.
const FUTURES: [&str; 3] = ["Future", "BoxFuture", "LocalBoxFuture"];

/// The return type as it can be written inside the body: `impl Trait` becomes `_`, nothing becomes `()`.
pub(super) fn erased(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => {
            let mut ty = (**ty).clone();
            erase(&mut ty);
            ty.into_token_stream()
        }
    }
}

/// The return type as it was written, without the arrow.
pub(super) fn written(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Default => TokenStream::new(),
        ReturnType::Type(_, ty) => ty.to_token_stream(),
    }
}

/// Whether the value may borrow from what the body captures, so that the captures must move into it.
///
/// A lifetime that is elided in a path (`Iter<u8>`) cannot be seen; there the body borrows from `*self` and needs no move.
pub(super) fn borrows(output: &ReturnType) -> bool {
    let borrowing = |token: &_| is_punct(token, '&') || is_punct(token, '\'') || is(token, "impl");
    find(output.to_token_stream(), &borrowing).is_some()
}

/// [`borrows`], of what a future in the return type gives.
pub(super) fn tail_borrows(output: &ReturnType) -> bool {
    let output = future_output(output);
    borrows(&ReturnType::Type(
        syn::token::RArrow::default(),
        Box::new(Type::Verbatim(output)),
    ))
}

pub(super) fn is_never(output: &ReturnType) -> bool {
    matches!(output, ReturnType::Type(_, ty) if matches!(peel(ty), Type::Never(_)))
}

/// Whether a future stands anywhere in the type.
pub(super) fn names_future(output: &ReturnType) -> bool {
    let future = |token: &_| FUTURES.iter().any(|name| is(token, name));
    find(output.to_token_stream(), &future).is_some()
}

/// `T` of `Future<Output = T>` or `BoxFuture<'_, T>`, wherever it stands; `_` if it cannot be found.
pub(super) fn future_output(output: &ReturnType) -> TokenStream {
    let found = match output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => output_of(ty),
    };
    found.map_or_else(
        || quote!(_),
        |mut ty| {
            erase(&mut ty);
            ty.into_token_stream()
        },
    )
}

fn output_of(ty: &Type) -> Option<Type> {
    match peel(ty) {
        Type::ImplTrait(ty) => ty.bounds.iter().find_map(output_of_bound),
        Type::TraitObject(ty) => ty.bounds.iter().find_map(output_of_bound),
        Type::Path(ty) => ty.path.segments.iter().find_map(|segment| {
            let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
                return None;
            };
            let mut types = arguments.args.iter().filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            });
            if FUTURES.iter().any(|name| segment.ident == name) {
                return types.next().cloned();
            }
            types.find_map(output_of)
        }),
        _ => None,
    }
}

fn output_of_bound(bound: &TypeParamBound) -> Option<Type> {
    let TypeParamBound::Trait(bound) = bound else {
        return None;
    };
    let segment = bound
        .path
        .segments
        .last()
        .filter(|segment| segment.ident == "Future")?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(assoc) if assoc.ident == "Output" => Some(assoc.ty.clone()),
        _ => None,
    })
}

/// A type without the parentheses and invisible groups around it.
fn peel(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            ty => return ty,
        };
    }
}

fn erase(ty: &mut Type) {
    match ty {
        Type::ImplTrait(found) => {
            let underscore_token = syn::Token![_](found.impl_token.span);
            *ty = Type::Infer(TypeInfer {
                attrs: Vec::new(),
                underscore_token,
            });
        }
        Type::Array(ty) => erase(&mut ty.elem),
        Type::Group(ty) => erase(&mut ty.elem),
        Type::Paren(ty) => erase(&mut ty.elem),
        Type::Ptr(ty) => erase(&mut ty.elem),
        Type::Reference(ty) => erase(&mut ty.elem),
        Type::Slice(ty) => erase(&mut ty.elem),
        Type::Tuple(ty) => ty.elems.iter_mut().for_each(erase),
        Type::Path(ty) => ty
            .path
            .segments
            .iter_mut()
            .for_each(|segment| erase_arguments(&mut segment.arguments)),
        Type::TraitObject(ty) => erase_bounds(&mut ty.bounds),
        _ => {}
    }
}

fn erase_bounds(bounds: &mut Punctuated<TypeParamBound, syn::Token![+]>) {
    for bound in bounds {
        if let TypeParamBound::Trait(bound) = bound {
            bound
                .path
                .segments
                .iter_mut()
                .for_each(|segment| erase_arguments(&mut segment.arguments));
        }
    }
}

fn erase_arguments(arguments: &mut PathArguments) {
    let PathArguments::AngleBracketed(AngleBracketedGenericArguments { args, .. }) = arguments
    else {
        return;
    };
    for argument in args {
        match argument {
            GenericArgument::Type(ty) => erase(ty),
            GenericArgument::AssocType(assoc) => erase(&mut assoc.ty),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn text(tokens: &TokenStream) -> String {
        tokens.to_string().replace(' ', "")
    }

    #[test]
    fn impl_trait_is_erased() {
        assert_eq!(text(&erased(&ReturnType::Default)), "()");
        assert_eq!(
            text(&erased(&parse_quote!(-> impl Iterator<Item = u8>))),
            "_"
        );
        assert_eq!(
            text(&erased(&parse_quote!(-> Result<(u8, impl Copy), E>))),
            "Result<(u8,_),E>"
        );
        assert_eq!(
            text(&erased(
                &parse_quote!(-> Box<dyn Iterator<Item = impl Copy> + 'a>)
            )),
            "Box<dynIterator<Item=_>+'a>"
        );
        assert_eq!(text(&erased(&parse_quote!(-> &'a mut T))), "&'amutT");
    }

    #[test]
    fn borrowing_types() {
        assert!(borrows(&parse_quote!(-> &mut T)));
        assert!(borrows(&parse_quote!(-> Option<Ref<'_, T>>)));
        assert!(borrows(&parse_quote!(-> impl Copy)));
        assert!(!borrows(&parse_quote!(-> Result<T, E>)));
        assert!(!borrows(&ReturnType::Default));
    }

    #[test]
    fn futures() {
        assert!(names_future(
            &parse_quote!(-> Result<Pin<Box<dyn Future<Output = u8>>>, E>)
        ));
        assert!(!names_future(&parse_quote!(-> FutureProof)));
        for output in [
            parse_quote!(-> impl Future<Output = u8> + Send),
            parse_quote!(-> Pin<Box<dyn ::core::future::Future<Output = u8> + Send + 'async_trait>>),
            parse_quote!(-> BoxFuture<'_, u8>),
        ] {
            assert_eq!(text(&future_output(&output)), "u8");
        }
        assert_eq!(text(&future_output(&parse_quote!(-> Alias))), "_");
    }

    #[test]
    fn never() {
        assert!(is_never(&parse_quote!(-> !)));
        assert!(!is_never(&parse_quote!(-> Option<!>)));
    }
}
