//! The macros in older editions: `tests/ui.rs` builds and runs this file once for each.

#![deny(warnings)]

use std::future::Future;
use std::pin::{pin, Pin};
use std::task::{Context, Poll, Waker};

use audit_core::{audit_action, diff, AuditContext, Audited, Auditor, InContext, MemoryStore};

#[derive(Audited)]
struct Record<'a> {
    #[audit(id)]
    gen: u64,
    text: &'a str,
    #[audit(redact)]
    secret: String,
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
    run(work.in_context(context));
    assert_eq!(desk.open, ["b!"]);
    assert_eq!(auditor.tenant("t").entries().count().unwrap(), 5);
}
