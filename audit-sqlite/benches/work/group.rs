//! Group commit: durable entries from one caller and from several at once.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use audit_sqlite::Synchronous;

use crate::data::update;
use crate::library;

const TIME: Duration = Duration::from_secs(2);

/// Entries per second of some callers, each of which waits for its commit.
#[expect(clippy::cast_precision_loss, reason = "a rate")]
pub(crate) fn callers(path: &Path, callers: u64) -> f64 {
    let auditor = library::auditor(library::open(path, Synchronous::Full));
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for caller in 0..callers {
            let (auditor, stop, done) = (&auditor, &stop, &done);
            scope.spawn(move || {
                let mut number = caller;
                while !stop.load(Ordering::Relaxed) {
                    library::draft(auditor, &update(number)).record().unwrap();
                    number += callers;
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        std::thread::sleep(TIME);
        stop.store(true, Ordering::Relaxed);
    });
    done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
}
