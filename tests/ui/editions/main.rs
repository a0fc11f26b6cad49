//! The macros in older editions: `tests/ui.rs` builds and runs this file once for each.

#![deny(warnings)]

use std::future::Future;
use std::pin::{pin, Pin};
use std::task::{Context, Poll, Waker};

use audit_core::{audit_action, diff, AuditContext, Audited, Auditor, InContext, MemoryStore};

#[derive(Audited, Clone)]
struct Record<'a> {
    #[audit(id)]
    gen: u64,
    text: &'a str,
    #[audit(redact)]
    secret: String,
}

#[derive(Audited)]
#[audit(include(gen, dyn_, async_, status, list), tenant = r#try)]
struct Account {
    #[audit(mask = gen)]
    gen: String,
    dyn_: u8,
    #[audit(with = Self::shown, compare = Self::same)]
    async_: u8,
    #[audit(nested)]
    status: Status,
    #[audit(key = "gen", ignore)]
    list: Vec<Item>,
    r#try: &'static str,
}

impl Account {
    fn shown(number: &u8) -> String {
        number.to_string()
    }

    fn same(a: &u8, b: &u8) -> bool {
        a == b
    }
}

fn gen(text: &str) -> usize {
    text.len()
}

#[derive(Audited)]
struct Item {
    gen: u8,
    text: String,
}

#[derive(Audited)]
#[allow(non_camel_case_types)]
enum Status {
    gen,
    Open { gen: u8, other: String },
    Merged(u8, #[audit(exclude)] ()),
}

struct Shelf<'a> {
    record: Record<'a>,
}

impl<'a> Shelf<'a> {
    // What is not moved into the body can be looked at afterwards.
    #[audit_action(action = "fill", before = self.record.clone(), after = self.record, strict)]
    fn fill(&mut self, text: &'a str) -> Result<usize, audit_core::Error> {
        self.record.text = text;
        Ok(text.len())
    }

    #[audit_action(action = "fill", before = self.record.clone(), after = self.record, result(|len| metadata(len)))]
    async fn fill_later(&mut self, text: &'a str) -> Result<usize, audit_core::Error> {
        std::future::ready(()).await;
        self.record.text = text;
        Ok(text.len())
    }
}

struct Desk {
    open: Vec<String>,
    closed: usize,
}

impl Desk {
    // Edition 2018 captures `self` whole.
    #[audit_action(action = "first", entity_type = "desk", entity_id = self.closed)]
    fn first(&mut self) -> Result<&mut String, String> {
        let Desk { open, closed } = self;
        *closed += 1;
        let first = open.first_mut().ok_or("empty")?;
        Ok(first)
    }

    #[audit_action(action = "drain")]
    fn drain(&mut self) -> impl Iterator<Item = String> + '_ {
        self.open.drain(..)
    }

    #[audit_action(action = "push", metadata(gen))]
    async fn push(&mut self, gen: String) -> &mut String {
        self.open.push(gen);
        self.open.last_mut().unwrap()
    }

    #[audit_action(action = "boxed")]
    fn boxed<'a>(&'a self, text: &'a str) -> Pin<Box<dyn Future<Output = Result<usize, String>> + Send + 'a>> {
        Box::pin(async move { Ok(self.open.len() + text.len()) })
    }
}

fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
        std::thread::yield_now();
    }
}

fn main() {
    let record = |secret: &str| Record {
        gen: 1,
        text: "a",
        secret: secret.to_owned(),
    };
    assert_eq!(diff(&record("a"), &record("b")).unwrap().fields(), ["secret"]);
    assert_eq!(record("a").text, "a");

    let account = |status, text: &str| Account {
        gen: text.to_owned(),
        dyn_: 1,
        async_: 1,
        status,
        list: vec![Item {
            gen: 1,
            text: text.to_owned(),
        }],
        r#try: "t",
    };
    let open = |gen| Status::Open {
        gen,
        other: String::new(),
    };
    let changes = diff(&account(open(1), "a"), &account(open(2), "b")).unwrap();
    let paths: Vec<_> = changes.iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["gen", "status.Open.gen", "list[gen=1].text"]);
    let (gen, merged) = (account(Status::gen, "a"), account(Status::Merged(1, ()), "a"));
    assert_eq!(diff(&gen, &merged).unwrap().fields(), ["status"]);
    assert_eq!(gen.audit_tenant().unwrap().as_str(), "t");

    let auditor = Auditor::new(MemoryStore::new());
    let context = AuditContext::new("t").auditor(&auditor);
    let mut desk = Desk {
        open: vec!["a".to_owned()],
        closed: 0,
    };
    context.scope(|| {
        desk.first().unwrap().push('!');
        assert_eq!(desk.drain().count(), 1);
        assert!(desk.first().is_err());
    });
    let work = async {
        desk.push("b".to_owned()).await.push('!');
        assert_eq!(desk.boxed("cd").await, Ok(3));
    };
    run(work.in_context(context.clone()));
    assert_eq!(desk.open, ["b!"]);
    assert_eq!(auditor.tenant("t").entries().count().unwrap(), 5);

    let mut shelf = Shelf { record: record("a") };
    assert_eq!(context.scope(|| shelf.fill("long")).unwrap(), 4);
    assert_eq!(run(shelf.fill_later("longer").in_context(context)).unwrap(), 6);
    assert_eq!(auditor.tenant("t").entries().changed("text").count().unwrap(), 2);
}
