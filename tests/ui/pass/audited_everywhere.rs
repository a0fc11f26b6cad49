//! The derive inside of functions, behind a facade, on raw, generic and recursive types, and on what a macro makes.

#![deny(warnings)]

mod platform {
    pub mod audit {
        pub use audit_core::*;
    }
}

use std::collections::{BTreeMap, HashMap};
use std::marker::PhantomData;

use platform::audit::Audited;

/// Behind a facade.
#[derive(Audited)]
#[audit(crate = crate::platform::audit)]
struct Facade {
    #[audit(key = "id")]
    list: Vec<Item>,
    #[audit(nested)]
    one: Item,
}

#[derive(Audited)]
#[audit(crate = "platform::audit", rename_all = "PascalCase")]
enum Item {
    A { id: u8 },
}

impl std::ops::Deref for Item {
    type Target = Target;
    fn deref(&self) -> &Target {
        &Target { id: 1 }
    }
}

struct Target {
    id: u8,
}

/// Raw names.
#[derive(Audited)]
#[audit(include(r#type, match, r#fn), tenant = r#where)]
#[allow(non_camel_case_types)]
struct r#struct {
    r#type: u8,
    #[audit(id)]
    r#match: u8,
    #[audit(key = "type")]
    r#fn: Vec<r#enum>,
    r#where: String,
}

#[derive(Audited)]
#[allow(non_camel_case_types)]
struct r#enum {
    r#type: u8,
    #[audit(nested)]
    r#impl: r#mod,
}

#[derive(Audited)]
#[allow(non_camel_case_types)]
enum r#mod {
    r#loop { r#move: u8 },
    r#while(u8),
}

/// Generic and recursive.
#[derive(Audited)]
struct Tree<'a, K: Ord, V: ?Sized + 'a, const N: usize = 1>
where
    K: Clone,
{
    key: K,
    #[audit(nested)]
    left: Option<Box<Tree<'a, K, V, N>>>,
    #[audit(nested)]
    right: [Option<Box<Self>>; N],
    #[audit(nested)]
    by_key: BTreeMap<String, Node<K>>,
    #[audit(exclude)]
    marker: PhantomData<&'a V>,
}

#[derive(Audited)]
enum Node<T> {
    Leaf(T),
    Inner(#[audit(nested)] Box<Node<T>>, #[audit(nested)] Box<Self>),
    List(#[audit(nested)] Vec<Node<T>>),
}

#[derive(Audited)]
#[audit(bound = "T: Kind, T::Id: PartialEq + serde::Serialize + audit_core::ToEntityId")]
struct ByHand<T: Kind> {
    #[audit(id)]
    id: T::Id,
    #[audit(exclude)]
    marker: PhantomData<T>,
}

trait Kind {
    type Id;
}

impl Kind for u8 {
    type Id = u8;
}

#[derive(Audited)]
struct Digest<T, U> {
    #[audit(hash)]
    email: T,
    #[audit(mask = mask)]
    card: U,
    #[audit(compare = same)]
    other: Vec<U>,
}

fn mask<T>(_: &T) -> &'static str {
    "…"
}

fn same<T>(a: &[T], b: &[T]) -> bool {
    a.len() == b.len()
}

macro_rules! record {
    ($name:ident { $($field:ident: $ty:ty => $function:path,)* } $variant:ident($inner:ty)) => {
        #[derive(Audited)]
        struct $name { $(#[audit(with = $function)] $field: $ty,)* }

        impl $name {
            #[allow(non_snake_case)]
            fn $variant() -> u8 {
                #[derive(Audited)]
                enum Local { $variant($inner), Other { value: $inner } }
                drop(audit_core::diff(&Local::$variant(1), &Local::Other { value: 1 }));
                1
            }
        }
    };
}

record!(Made { a: String => String::len, b: HashMap<u8, Vec<u8>> => HashMap::len, } Variant(u8));

fn main() {
    /// Inside of a function, with a function that only this one knows.
    fn shown(number: &u8) -> String {
        number.to_string()
    }
    #[derive(Audited)]
    struct Local {
        #[audit(with = shown)]
        number: u8,
    }
    drop(audit_core::diff(&Local { number: 1 }, &Local { number: 2 }));
    let facade = Facade {
        list: Vec::new(),
        one: Item::A { id: 1 },
    };
    drop(audit_core::diff(&facade, &facade));
    let raw = r#struct {
        r#type: 1,
        r#match: 1,
        r#fn: vec![
            r#enum { r#type: 1, r#impl: r#mod::r#while(1) },
            r#enum { r#type: 2, r#impl: r#mod::r#loop { r#move: 1 } },
        ],
        r#where: "a".to_owned(),
    };
    drop(audit_core::diff(&raw, &raw));
    let tree = || Tree::<'_, u8, str> {
        key: 1,
        left: None,
        right: [None],
        by_key: BTreeMap::from([
            ("a".to_owned(), Node::Leaf(1)),
            ("b".to_owned(), Node::List(Vec::new())),
            (
                "c".to_owned(),
                Node::Inner(Box::new(Node::Leaf(1)), Box::new(Node::Leaf(1))),
            ),
        ]),
        marker: PhantomData,
    };
    let whole = Tree {
        left: Some(Box::new(tree())),
        ..tree()
    };
    drop(audit_core::diff(&whole, &tree()));
    let by_hand = ByHand::<u8> {
        id: 1,
        marker: PhantomData,
    };
    drop(audit_core::diff(&by_hand, &by_hand));
    let digest = Digest {
        email: "a".to_owned(),
        card: 1,
        other: vec![1],
    };
    drop(audit_core::diff(&digest, &digest));
    let made = Made {
        a: String::new(),
        b: HashMap::new(),
    };
    drop(audit_core::diff(&made, &made));
    assert_eq!(Made::Variant(), 1);
}
