//! With the feature `tracing`, what reaches no caller as an error is an event.

#![allow(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use audit_core::testing::{Fault, FaultyStore};
use audit_core::{AuditContext, Auditor, ErrorKind, MemoryStore};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Writes events down, each as a line.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Notes {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("audit_core")
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn what_is_delayed_warns_and_what_is_lost_is_an_error() {
    let notes = Notes::default();
    tracing::subscriber::set_global_default(notes.clone()).unwrap();
    let store = FaultyStore::new(MemoryStore::new());
    let auditor = Auditor::new(store.clone());
    auditor
        .log("without context")
        .best_effort()
        .record()
        .unwrap();
    store.fault_times(Fault::Fail(ErrorKind::Busy), 1);
    let context = AuditContext::new("acme");
    context
        .scope(|| auditor.log("export").best_effort().record())
        .unwrap();
    auditor.flush(Duration::from_secs(20)).unwrap();
    let notes = notes.0.lock().unwrap().clone();
    assert!(
        notes[0].starts_with("ERROR message=audit entries lost entries=1"),
        "{notes:?}"
    );
    assert!(
        notes[1].starts_with("WARN message=audit entries delayed entries=1"),
        "{notes:?}"
    );
    assert_eq!(notes.len(), 2, "{notes:?}");
}
