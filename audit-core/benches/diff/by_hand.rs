//! What one would write without a library.

use serde_json::{Map, Value, json};

use crate::data::Incident;

pub(crate) fn is_equal(before: &Incident, after: &Incident) -> bool {
    before.id == after.id
        && before.company == after.company
        && before.title == after.title
        && before.description == after.description
        && before.status == after.status
        && before.severity == after.severity
        && before.assignee == after.assignee
        && before.tags == after.tags
        && before.source_ip == after.source_ip
        && before.created_at == after.created_at
        && before.updated_at == after.updated_at
}

pub(crate) fn changes(before: &Incident, after: &Incident) -> Map<String, Value> {
    let mut changes = Map::new();
    macro_rules! compare {
        ($($field:ident)*) => {$(
            if before.$field != after.$field {
                changes.insert(
                    stringify!($field).to_owned(),
                    json!({"old": before.$field, "new": after.$field}),
                );
            }
        )*};
    }
    compare!(id company title description status severity assignee tags source_ip created_at updated_at);
    changes
}
