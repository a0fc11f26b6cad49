//! What caused what.

mod operation;
mod tree;

use std::collections::HashSet;

use uuid::Uuid;

pub use self::operation::Operation;
#[cfg(any(test, feature = "testing"))]
pub(crate) use self::operation::tree;
pub use self::tree::{CauseTree, Caused};
use crate::entry::AuditEntry;
use crate::error::{Error, ErrorKind, Result};
use crate::query::filter::{Filter, Order};
use crate::query::stream::{EntryStream, Source};

/// How long a chain of causes is followed.
const MOST_CAUSES: usize = 1_000;

/// The causes of an entry, the nearest first. Ends where a chain bites its own tail.
pub(crate) fn why(source: Source<'_>, id: Uuid) -> Result<Vec<AuditEntry>> {
    let Some(entry) = source.entry(id)? else {
        return Err(Error::new(
            ErrorKind::NotFound,
            "the log of this tenant has no such entry; take the id of one that was read from it",
        )
        .with_entry(id));
    };
    let mut seen = HashSet::from([id]);
    let mut causes: Vec<AuditEntry> = Vec::new();
    let mut next = entry.cause;
    while let Some(cause) = next.filter(|cause| seen.insert(*cause)) {
        let found = (causes.len() < MOST_CAUSES).then(|| source.entry(cause));
        let Some(entry) = found.transpose()?.flatten() else {
            break;
        };
        next = entry.cause;
        causes.push(entry);
    }
    Ok(causes)
}

/// What an entry led to, depth first, each once.
pub(crate) fn consequences(source: Source<'_>, id: Uuid) -> Result<CauseTree> {
    let mut seen = HashSet::from([id]);
    let mut tree = CauseTree::new();
    let mut open = vec![effects(source, id)];
    while let Some(stream) = open.last_mut() {
        let Some(entry) = stream.next().transpose()? else {
            open.pop();
            continue;
        };
        if !seen.insert(entry.id) {
            continue;
        }
        let id = entry.id;
        if !tree.add(entry, open.len() - 1) {
            break;
        }
        open.push(effects(source, id));
    }
    Ok(tree)
}

fn effects(source: Source<'_>, id: Uuid) -> EntryStream<'_> {
    /// Most entries cause nothing, and those that do not much.
    const PAGE: usize = 32;

    let caused = Filter {
        caused_by: Some(id),
        ..Filter::default()
    };
    source
        .stream(caused, Order::OldestFirst, None)
        .in_pages_of(PAGE)
}
