//! Recording that something was brought back.

use serde_json::{Value, json};

use crate::diff::{Audited, FieldDiff};
use crate::entry::action;
use crate::query::{Moment, RevertPlan, Reverts};
use crate::record::auditor::Auditor;
use crate::record::draft::Draft;

impl Auditor {
    /// A record was made what it was, as a plan says: each field that differs, with its old and its
    /// new value, the entry that was taken back under `reverts`, and as its cause. Where nothing
    /// differs, recording does nothing.
    ///
    /// Where the record came back or went, say [`Auditor::created`] or [`Auditor::deleted`], and
    /// [`Draft::reverting`].
    pub fn reverted<T: Audited>(&self, plan: &RevertPlan, before: &T, after: &T) -> Draft {
        let mut fields = FieldDiff::new();
        before.audit_diff(after, &mut fields);
        self.log(action::REVERT)
            .about(after)
            .difference(fields.finish())
            .reverting(plan)
    }
}

impl Draft {
    /// Names the entry that is taken back, as the cause and in the metadata under `reverts`; for a
    /// plan that leads to a moment, that moment under `reverts_to`.
    pub fn reverting(self, plan: &RevertPlan) -> Self {
        match plan.reverts() {
            Reverts::Entry(entry) => self.metadata("reverts", entry).caused_by(entry),
            Reverts::To(moment) => self.metadata("reverts_to", moment_value(moment)),
        }
    }
}

fn moment_value(moment: Moment) -> Value {
    match moment {
        Moment::Time(time) => json!({ "time": time }),
        Moment::Index(index) => json!({ "index": index }),
    }
}
