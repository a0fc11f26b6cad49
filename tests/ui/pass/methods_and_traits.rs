#![deny(warnings)]

use std::{future::Future, pin::Pin, rc::Rc, sync::Arc};

use audit_core::audit_action;

#[derive(Default)]
struct Desk {
    id: u64,
    open: Vec<String>,
}

impl Desk {
    #[audit_action(action = "new")]
    fn new() -> Self {
        Self::default()
    }

    #[audit_action(action = "first", entity_type = "desk", entity_id = self.id)]
    fn first(&mut self) -> Option<&mut String> {
        let first = self.open.first_mut()?;
        first.push('!');
        Some(first)
    }

    #[audit_action(action = "push", entity_type = "desk", entity_id = self.id, metadata(count = self.open.len()))]
    fn push(&mut self, text: String) -> Result<&mut Self, String> {
        if text.is_empty() {
            return Err(text);
        }
        self.open.push(text);
        Ok(self)
    }

    #[audit_action(action = "drain")]
    fn drain(&mut self) -> impl Iterator<Item = String> {
        self.open.drain(..)
    }

    #[audit_action(action = "iter")]
    fn texts(&self) -> std::slice::Iter<'_, String> {
        self.open.iter()
    }

    #[audit_action(action = "consume", entity_type = "desk", entity_id = self.id)]
    fn consume(mut self) -> Vec<String> {
        std::mem::take(&mut self.open)
    }

    #[audit_action(action = "shared")]
    fn shared(self: Arc<Self>, other: Rc<u8>) -> u8 {
        let _ = self;
        *other
    }

    #[audit_action(action = "pinned")]
    fn pinned(self: Pin<&mut Self>) -> u64 {
        self.id
    }

    #[audit_action(action = "push", entity_type = "desk", entity_id = self.id)]
    async fn push_later(&mut self, text: &str) -> Result<&mut String, String> {
        std::future::ready(()).await;
        self.open.push(text.to_owned());
        self.open.last_mut().ok_or_else(String::new)
    }

    #[audit_action(action = "boxed")]
    fn boxed<'a>(&'a self, text: &'a str) -> Pin<Box<dyn Future<Output = Result<u64, String>> + Send + 'a>> {
        let id = self.id;
        Box::pin(async move {
            if text.is_empty() {
                Err("empty")?;
            }
            Ok(id)
        })
    }

    #[audit_action(action = "impl")]
    fn unnamed(&self) -> impl Future<Output = u64> + use<> {
        let id = self.id;
        async move { id }
    }
}

trait Close {
    fn close(&self) -> u8;

    #[audit_action(action = "provided")]
    fn provided(&self) -> u8 {
        self.close() + 1
    }

    fn later(&self) -> impl Future<Output = u8> + Send;

    // As `#[async_trait]` writes it.
    fn boxed<'life0, 'async_trait>(&'life0 self) -> Pin<Box<dyn Future<Output = u8> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait;
}

impl Close for Desk {
    #[audit_action(action = "close")]
    fn close(&self) -> u8 {
        1
    }

    #[audit_action(action = "close")]
    async fn later(&self) -> u8 {
        2
    }

    #[audit_action(action = "close", entity_type = "desk", entity_id = self.id)]
    fn boxed<'life0, 'async_trait>(&'life0 self) -> Pin<Box<dyn Future<Output = u8> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move { self.close() })
    }
}

#[audit_action(action = "unsafe")]
unsafe fn dangerous(pointer: *const u8) -> u8 {
    unsafe { *pointer }
}

#[audit_action(action = "extern")]
extern "Rust" fn called_from_rust(number: u8) -> u8 {
    number
}

#[audit_action(action = "never")]
fn never() -> ! {
    std::process::exit(0)
}

#[audit_action(action = "patterns", metadata(a, c, rest))]
fn patterns((a, _): (u8, u8), [_, c]: [u8; 2], mut rest: Vec<u8>, _: u8) -> usize {
    rest.push(a + c);
    rest.len()
}

#[audit_action(action = "nested")]
fn nested() -> u8 {
    #[audit_action(action = "inner")]
    fn inner() -> u8 {
        'outer: loop {
            loop {
                break 'outer 1;
            }
        }
    }
    inner()
}

fn is_send<T: Send>(value: T) -> T {
    value
}

fn main() {
    let mut desk = Desk::new();
    assert!(desk.push("a".to_owned()).and_then(|desk| desk.push("b".to_owned())).is_ok());
    assert_eq!(desk.first().map(|first| first.len()), Some(2));
    assert_eq!(desk.texts().count(), 2);
    assert_eq!(desk.drain().count(), 2);
    drop(is_send(desk.push_later("a")));
    drop(is_send(desk.boxed("a")));
    drop(is_send(desk.unnamed()));
    drop(is_send(Close::later(&desk)));
    drop(is_send(Close::boxed(&desk)));
    assert_eq!(desk.provided(), 2);
    assert_eq!(Pin::new(&mut desk).pinned(), 0);
    assert!(desk.consume().is_empty());
    assert_eq!(Arc::new(Desk::new()).shared(Rc::new(1)), 1);
    assert_eq!(unsafe { dangerous(&1) }, 1);
    assert_eq!(called_from_rust(1), 1);
    assert_eq!(patterns((1, 2), [3, 4], vec![], 5), 1);
    assert_eq!(nested(), 1);
    never();
}
