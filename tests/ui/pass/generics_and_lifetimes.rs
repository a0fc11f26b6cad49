#![deny(warnings)]

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fmt::{Debug, Display},
    marker::PhantomData,
};

use audit_core::{Audited, ToEntityId, audit_action};
use serde::Serialize;

#[derive(Audited)]
struct Record<'a, 'b: 'a, I, T: ?Sized + 'a, const N: usize = 2>
where
    I: Copy,
{
    #[audit(id)]
    id: I,
    text: &'a T,
    note: Cow<'b, str>,
    cells: [u8; N],
    #[audit(exclude)]
    marker: PhantomData<fn(&'b T)>,
}

#[derive(Audited)]
struct Tree<K: Ord + std::hash::Hash, V> {
    by_key: BTreeMap<K, V>,
    hashed: HashMap<K, Vec<V>>,
    parent: Option<Box<V>>,
}

trait Kind {
    type Id;
}

#[derive(Audited)]
struct Associated<K: Kind> {
    #[audit(id)]
    id: K::Id,
}

#[audit_action(action = "a", entity_type = "b", entity_id = id, entity_name = name, metadata(value))]
fn generic<I, V, const N: usize>(id: I, name: impl Display, value: &V) -> Result<[I; N], V::Error>
where
    I: ToEntityId + Copy,
    V: Serialize + TryInto<u8> + Clone,
{
    let number: u8 = value.clone().try_into()?;
    let _ = (number, name);
    Ok([id; N])
}

#[audit_action(action = "a", metadata(text))]
async fn later<'a, T: Debug>(text: &'a str, value: &T) -> Result<&'a str, String> {
    std::future::ready(()).await;
    if text.is_empty() {
        return Err(format!("{value:?}"));
    }
    Ok(text)
}

#[audit_action(action = "a")]
fn longest<'a>(a: &'a str, b: &'a str) -> &'a str {
    if a.len() > b.len() { a } else { b }
}

#[audit_action(action = "a")]
fn iterate<'a>(all: &'a [u8], least: &'a u8) -> impl Iterator<Item = &'a u8> + use<'a> {
    all.iter().filter(move |each| *each > least)
}

#[audit_action(action = "a")]
fn pair() -> (impl Fn(u8) -> u8, Option<impl Display>) {
    (|x| x + 1, Some("b"))
}

#[audit_action(action = "a")]
fn either(first: bool) -> Result<Box<dyn Display>, Box<dyn std::error::Error>> {
    if first {
        return Ok(Box::new(1));
    }
    Err("no")?
}

struct Number;
impl Kind for Number {
    type Id = u8;
}

fn main() {
    let record = Record {
        id: 1,
        text: "a",
        note: "b".into(),
        cells: [1, 2],
        marker: PhantomData,
    };
    drop(audit_core::diff(&record, &record));
    let tree = Tree {
        by_key: BTreeMap::from([(1, 'a')]),
        hashed: HashMap::from([(1, vec!['a'])]),
        parent: None,
    };
    drop(audit_core::diff(&tree, &tree));
    let associated = Associated::<Number> { id: 1 };
    drop(audit_core::diff(&associated, &associated));
    let _: Result<[u8; 2], _> = generic(1_u8, "a", &7_u32);
    drop(later("a", &1));
    assert_eq!(longest("a", "bc"), "bc");
    assert_eq!(iterate(&[1, 2], &1).count(), 1);
    assert_eq!(pair().0(1), 2);
    assert!(either(true).is_ok() && either(false).is_err());
}
