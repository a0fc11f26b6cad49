//! Who may write to tables that refuse foreign writes.
//!
//! Their triggers ask a function that only connections have on which a transaction of ours has
//! begun; on any other, writing fails for want of it. Between transactions it says no.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use audit_core::Result;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use crate::error::{Phase, during};

/// The function that triggers ask.
pub(super) const IS_ADMITTED: &str = "audit_is_admitted";
/// The function that says what the other one answers.
const ADMIT: &str = "audit_admit";

/// A connection that may write to tables that refuse foreign writes, until this is dropped.
#[derive(Debug)]
pub(crate) struct Admitted<'c>(&'c Connection);

impl<'c> Admitted<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Result<Self> {
        let failed = during(Phase::Begin);
        if set(connection, true).is_err() {
            // Only once for each connection: it makes SQLite prepare every statement anew.
            register(connection).map_err(failed)?;
            set(connection, true).map_err(failed)?;
        }
        Ok(Self(connection))
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        // Where it cannot be taken back the connection is of no use for writing anyway.
        set(self.0, false).ok();
    }
}

fn set(connection: &Connection, is_admitted: bool) -> rusqlite::Result<()> {
    connection
        .prepare_cached(&format!("SELECT {ADMIT}(?1)"))?
        .query_row([is_admitted], |_| Ok(()))
}

fn register(connection: &Connection) -> rusqlite::Result<()> {
    let state = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&state);
    // Innocuous, or it could not be called from a trigger where schemas are not trusted.
    connection.create_scalar_function(
        IS_ADMITTED,
        0,
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS,
        move |_| Ok(asked.load(Ordering::Relaxed)),
    )?;
    connection.create_scalar_function(
        ADMIT,
        1,
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY,
        move |context| {
            state.store(context.get(0)?, Ordering::Relaxed);
            Ok(true)
        },
    )
}
