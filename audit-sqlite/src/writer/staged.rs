//! What others have changed in tracked tables, as entries of nobody.

use audit_core::store::Appended;
use audit_core::{AuditEntry, Result, Tenant};
use uuid::Uuid;

use super::newest::data_version;
use super::{Writer, doubt};
use crate::error::{Phase, during};
use crate::tracking;

/// How many rows are taken in one transaction, so that others are not kept waiting.
const CHUNK: usize = 16_384;
/// How many entries are in memory at a time.
const BATCH: usize = 256;

impl Writer {
    /// Makes entries of all rows that are staged, and says how many rows it was.
    pub(crate) fn collect_staged(&mut self) -> Result<u64> {
        let mut collected = 0;
        loop {
            let taken = self.collect_chunk()?;
            collected += taken.entries;
            if taken.is_last {
                return Ok(collected);
            }
        }
    }

    /// The same, if somebody else has written since it was last done. Nobody else's rows come
    /// after what is recorded now.
    pub(super) fn collect_what_is_due(&mut self) -> Result<()> {
        if self.connection.is_closed() || self.place.is_none() {
            return Ok(());
        }
        let connection = self.connection.get()?;
        let version = data_version(connection).map_err(during(Phase::Read))?;
        if self.collected_at == Some(version) {
            return Ok(());
        }
        if tracking::has_staged(connection)? {
            self.collect_staged()?;
        }
        self.collected_at = Some(version);
        Ok(())
    }

    fn collect_chunk(&mut self) -> Result<Chunk> {
        let sanitizer = self.options.sanitizer.clone();
        self.transact_only(
            |connection, memory, _| {
                let mut chunk = Chunk::default();
                let mut batch: Vec<AuditEntry> = Vec::with_capacity(BATCH);
                let mut write = |batch: &mut Vec<AuditEntry>| -> Result<()> {
                    let appended = memory.insert_all(connection, batch)?;
                    for (entry, _) in batch
                        .drain(..)
                        .zip(appended)
                        .filter(|(_, what)| matches!(what, Appended::Stored { .. }))
                    {
                        chunk.entries += 1;
                        chunk.witness = Some((entry.tenant, entry.id));
                    }
                    Ok(())
                };
                let taken =
                    tracking::take_unattributed(connection, &sanitizer, CHUNK, &mut |entry| {
                        batch.push(entry);
                        if batch.len() < BATCH {
                            return Ok(());
                        }
                        write(&mut batch)
                    })?;
                write(&mut batch)?;
                chunk.is_last = taken < CHUNK;
                Ok(chunk)
            },
            |connection, chunk| match &chunk.witness {
                Some((tenant, id)) => doubt::has_entry(connection, tenant, *id),
                None => Ok(true),
            },
        )
    }
}

/// What one transaction has taken.
#[derive(Default)]
struct Chunk {
    entries: u64,
    is_last: bool,
    /// One of the entries.
    witness: Option<(Tenant, Uuid)>,
}
