//! How far the work is, on standard error: only when it takes a while, and somebody looks.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) struct Progress {
    of: usize,
    /// When to show something next; never where nobody looks.
    next: Option<Instant>,
    shown: bool,
}

impl Progress {
    pub(crate) fn new(of: usize) -> Self {
        let next = stderr().is_terminal().then(|| Instant::now() + PATIENCE);
        Self {
            of,
            next,
            shown: false,
        }
    }

    pub(crate) fn done(&mut self, done: usize) {
        let now = Instant::now();
        if self.next.is_some_and(|next| now >= next) {
            write(&format!("\r  {done} of {} operations", self.of));
            self.next = Some(now + PAUSE);
            self.shown = true;
        }
    }
}

fn write(text: &str) {
    // Whoever closed the terminal does not want to know.
    drop(stderr().write_all(text.as_bytes()));
}

impl Drop for Progress {
    /// The line goes: what is printed next stands alone.
    fn drop(&mut self) {
        if self.shown {
            write("\r\x1b[K");
        }
    }
}
