//! A crate that is only read, to see what a catalogue finds in it.

mod desk;
#[path = "elsewhere/jobs.rs"]
mod background;
#[cfg(windows)]
mod registry;

mod inline {
    mod deep;
}

#[audit_action]
fn close_incident(id: u32) {}
