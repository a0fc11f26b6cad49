//! What generated code reports to a [`FieldDiff`].

use serde_json::Value;

use super::{FieldDiff, Mark};

use crate::MASK;
use crate::diff::Recordable;
use crate::diff::digest::Digestible;
use crate::diff::nested::Nested;
use crate::diff::recorded::Recorded;
use crate::diff::snapshot::named;
use crate::entry::{Change, marks};

/// Under which name the variant of an enum stands that is a record itself.
pub(crate) const VARIANT: &str = "variant";

/// What generated code calls. It has compared the fields.
#[doc(hidden)]
impl FieldDiff {
    #[cold]
    pub fn changed(
        &mut self,
        field: &'static str,
        before: &dyn Recordable,
        after: &dyn Recordable,
    ) {
        self.differs(field, before.to_recorded(), after.to_recorded());
    }

    #[cold]
    pub fn changed_secret(&mut self, field: &'static str) {
        let mask = || Value::String(MASK.to_owned());
        self.push(named(field), Change::replaced(mask(), mask()));
    }

    #[cold]
    pub fn changed_masked(
        &mut self,
        field: &'static str,
        before: &dyn Recordable,
        after: &dyn Recordable,
    ) {
        match (before.to_recorded(), after.to_recorded()) {
            (Ok(before), Ok(after)) => {
                let mask = |recorded: Recorded| marks::mark(marks::MASKED, recorded.value);
                self.push(named(field), Change::replaced(mask(before), mask(after)));
                self.changes.extra_mut().masked.push(named(field));
            }
            _ => self.fail(field),
        }
    }

    #[cold]
    pub fn changed_digest(
        &mut self,
        field: &'static str,
        before: &dyn Digestible,
        after: &dyn Digestible,
    ) {
        let old = self.snapshot(|fields| fields.digest("", before));
        let new = self.snapshot(|fields| fields.digest("", after));
        self.push(named(field), Change::replaced(old, new));
    }

    #[must_use]
    pub fn mark(&self) -> Mark {
        let mark = Mark {
            changes: self.changes.len(),
            ignored_out: self.counting.ignored_out,
            ..Mark::default()
        };
        match self.changes.extra() {
            None => mark,
            Some(extra) => Mark {
                masked: extra.masked.len(),
                sensitive: extra.sensitive.len(),
                left_out: extra.left_out,
                ..mark
            },
        }
    }

    /// What was reported since `mark` is stored, but is no reason for an entry.
    pub fn ignore(&mut self, mark: Mark) {
        let places = mark.changes..self.changes.len();
        self.counting.ignored.extend(places);
        self.counting.ignored_out = mark.ignored_out + (self.left_out() - mark.left_out);
    }

    /// Texts that were reported since `mark` keep at most so many characters.
    pub fn truncate(&mut self, mark: Mark, most: usize) {
        let mut any = false;
        for place in mark.changes..self.changes.len() {
            if let Some(change) = self.changes.at_mut(place) {
                for value in change.old.iter_mut().chain(change.new.iter_mut()) {
                    any |= marks::to_be_cut(value, most);
                }
            }
        }
        if any {
            self.changes.extra_mut().cuts = true;
        }
    }

    /// What was reported since `mark` is personal.
    pub fn sensitive(&mut self, mark: Mark) {
        for place in mark.changes..self.changes.len() {
            if let Some(path) = self.changes.path_mut(place).cloned() {
                self.changes.extra_mut().sensitive.push(path);
            }
        }
    }

    /// Reports what changed inside of a variant that both sides are.
    pub fn variant(&mut self, name: &'static str, compare: impl FnOnce(&mut Self)) {
        let mark = self.mark();
        compare(self);
        self.put_in(mark, name);
        self.put_in_variant(mark);
    }

    /// Reports that one variant became another.
    pub fn other_variant<T: Nested + ?Sized>(&mut self, before: &T, after: &T) {
        let mark = self.mark();
        self.whole(before, after);
        self.put_in_variant(mark);
    }

    /// An enum that is the record itself has a path for its variant, too.
    fn put_in_variant(&mut self, mark: Mark) {
        if self.level == 0 {
            self.put_in(mark, VARIANT);
        }
    }
}
