//! Group commit: durable entries from one caller and from 64 at once.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use audit_core::Auditor;
use audit_sqlite::Synchronous;

use crate::data::update;
use crate::figures::{Better, Table, per_second};
use crate::library;

const TIME: Duration = Duration::from_secs(4);

pub(crate) fn run(folder: &Path, table: &mut Table, bulk: Option<f64>) {
    let auditor =
        |name: &str| library::auditor(library::open(&folder.join(name), Synchronous::Full));
    let one = callers(&auditor("group-1.db"), 1);
    let many = callers(&auditor("group-64.db"), 64);
    table.goal(
        "group commit: 64 callers against 1",
        (per_second(many), per_second(one)),
        many / one,
        5.0,
        Better::More,
    );
    if let Some(bulk) = bulk {
        table.goal(
            "group commit: 64 callers against W2e",
            (per_second(many), per_second(bulk)),
            many / bulk,
            0.5,
            Better::More,
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate")]
fn callers(auditor: &Auditor, callers: u64) -> f64 {
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for caller in 0..callers {
            let (stop, done) = (&stop, &done);
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
