//! Where what is remembered lies between two turns at writing.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::memory::Memory;

/// One memory for all who write through a store, since one after the other does: what one has
/// written, the next one knows. Whoever has the lock takes it, and puts it back where everything
/// in it is stored; what is not put back is forgotten.
#[derive(Default)]
pub(crate) struct Shelf(Mutex<Option<Box<Memory>>>);

impl Shelf {
    pub(crate) fn take(&self) -> Box<Memory> {
        let known = self.place().take();
        known.unwrap_or_else(|| Box::new(Memory::new()))
    }

    pub(crate) fn put_back(&self, memory: Box<Memory>) {
        *self.place() = Some(memory);
    }

    fn place(&self) -> MutexGuard<'_, Option<Box<Memory>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn look<R>(&self, look: impl FnOnce(&Memory) -> R) -> R {
        look(self.place().as_ref().unwrap())
    }
}
