//! Functions of every shape behave as without the attribute.

use std::fmt::{Debug, Display};
use std::future::Future;

use audit_core::{InContext, Outcome, audit_action};

use crate::{audited, entries, one};

#[derive(Default)]
struct Desk {
    id: u64,
    open: Vec<String>,
}

impl Desk {
    #[audit_action(action = "push", entity_type = "desk", entity_id = self.id, metadata(before = self.open.len()))]
    fn push(&mut self, text: &str) -> Result<&mut Self, String> {
        if text.is_empty() {
            return Err("empty".to_owned());
        }
        self.open.push(text.to_owned());
        Ok(self)
    }

    #[audit_action(action = "last")]
    fn last(&mut self) -> Option<&mut String> {
        let last = self.open.last_mut()?;
        last.push('.');
        Some(last)
    }

    #[audit_action(action = "drain")]
    fn drain(&mut self) -> impl Iterator<Item = String> {
        self.open.drain(..)
    }

    #[audit_action(action = "take", entity_type = "desk", entity_id = self.id)]
    fn take(self) -> Vec<String> {
        self.open
    }

    #[audit_action(action = "push", entity_type = "desk", entity_id = self.id)]
    async fn push_later(&mut self, text: String) -> &mut String {
        tokio::task::yield_now().await;
        self.open.push(text);
        self.open.last_mut().unwrap()
    }

    #[audit_action(action = "count")]
    fn count(&self) -> impl Future<Output = usize> + use<> {
        let count = self.open.len();
        async move { count }
    }
}

#[test]
fn methods_that_borrow_mutably_work_on_what_they_borrow() {
    let (auditor, context) = audited();
    let mut desk = Desk {
        id: 4,
        ..Desk::default()
    };
    context.scope(|| {
        desk.push("a").unwrap().push("b").unwrap();
        desk.last().unwrap().push('!');
        assert!(desk.push("").is_err());
    });
    assert_eq!(desk.open, ["a", "b.!"]);
    let all = entries(&auditor);
    let told: Vec<_> = all
        .iter()
        .map(|entry| {
            (
                entry.action.as_str(),
                entry.outcome,
                entry.metadata.get("before").cloned(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("push", Outcome::Success, Some(0.into())),
            ("push", Outcome::Success, Some(1.into())),
            ("last", Outcome::Success, None),
            ("push", Outcome::Failure, Some(2.into())),
        ]
    );
    assert_eq!(all[0].entity_id().unwrap().as_i64(), Some(4));
}

#[test]
fn an_impl_trait_and_a_consumed_self_come_through() {
    let (auditor, context) = audited();
    let mut desk = Desk {
        id: 4,
        open: vec!["a".to_owned()],
    };
    context.scope(|| {
        assert!(desk.drain().eq(["a"]));
        assert!(desk.take().is_empty());
    });
    let all = entries(&auditor);
    assert_eq!(
        (all[0].action.as_str(), all[1].action.as_str()),
        ("drain", "take")
    );
}

#[tokio::test]
async fn async_methods_work_on_what_they_borrow() {
    let (auditor, context) = audited();
    let mut desk = Desk::default();
    async {
        desk.push_later("a".to_owned()).await.push('!');
        assert_eq!(desk.count().await, 1);
    }
    .in_context(context)
    .await;
    assert_eq!(desk.open, ["a!"]);
    assert_eq!(entries(&auditor).len(), 2);
}

#[audit_action(action = "show", entity_type = "thing", entity_name = value, metadata(all))]
fn show<T: Display + Debug + ?Sized, const N: usize>(value: &T, all: &[u8]) -> (String, [u8; N]) {
    (format!("{value} {value:?} {}", all.len()), [1; N])
}

#[test]
fn a_generic_function_is_recorded_with_what_it_was_called_with() {
    let (auditor, context) = audited();
    let (text, ones) = context.scope(|| show::<_, 2>("a", &[7, 8]));
    assert_eq!((text.as_str(), ones), ("a \"a\" 2", [1, 1]));
    let entry = one(&auditor);
    assert_eq!(entry.entity_name(), Some("a"));
    assert_eq!(entry.metadata["all"], serde_json::json!([7, 8]));
}

#[audit_action(action = "search")]
fn search(rows: &[Vec<u8>], wanted: u8) -> Result<(usize, usize), String> {
    for (y, row) in rows.iter().enumerate() {
        let Some(x) = row.iter().position(|cell| *cell == wanted) else {
            continue;
        };
        return Ok((y, x));
    }
    Err(format!("{wanted} is nowhere"))
}

#[test]
fn an_early_return_inside_a_loop_is_recorded() {
    let (auditor, context) = audited();
    let rows = [vec![1, 2], vec![3]];
    context.scope(|| {
        assert_eq!(search(&rows, 2), Ok((0, 1)));
        assert!(search(&rows, 9).is_err());
    });
    let all = entries(&auditor);
    assert_eq!(
        (all[0].outcome, all[1].outcome),
        (Outcome::Success, Outcome::Failure)
    );
}

macro_rules! actions {
    ($($name:ident($parameter:ident: $ty:ty) $body:block)*) => {$(
        #[audit_action(action = "made", entity_type = "thing", entity_id = $parameter, metadata($parameter))]
        fn $name($parameter: $ty) -> $ty $body
    )*};
}
actions! {
    double(number: u64) { number * 2 }
    shout(text: String) { text.to_uppercase() }
}

#[test]
fn functions_that_a_macro_makes_are_recorded() {
    let (auditor, context) = audited();
    context.scope(|| assert_eq!((double(2), shout("a".to_owned())), (4, "A".to_owned())));
    let all = entries(&auditor);
    assert_eq!(all[0].metadata["number"], 2);
    assert_eq!(all[1].metadata["text"], "a");
    assert_eq!(all[1].entity_id().unwrap().as_str(), Some("a"));
}
