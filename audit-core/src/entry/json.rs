//! An entry as JSON: the fourteen names of the mirrored model first, then everything else.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::entry::{Actor, AuditEntry};

/// RFC 3339, UTC, six digits, `Z`: fixed width, so that text order is time order.
pub(crate) fn timestamp_text(time: &DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

struct Party<'a>(&'a Actor);

impl Serialize for Party<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut party = serializer.serialize_struct("Actor", 3)?;
        party.serialize_field("kind", &self.0.kind())?;
        party.serialize_field("id", &self.0.id())?;
        party.serialize_field("name", &self.0.name())?;
        party.end()
    }
}

impl Serialize for AuditEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fn present(map: &Map<String, Value>) -> Option<&Map<String, Value>> {
            (!map.is_empty()).then_some(map)
        }
        let changes = (!self.changes.is_empty()).then_some(&self.changes);
        let truncated = (!self.truncated.is_empty()).then_some(&self.truncated);
        let sensitive = (!self.sensitive.is_empty()).then_some(&self.sensitive);
        let duration = self
            .duration
            .map(|duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));

        let mut entry = serializer.serialize_struct("AuditEntry", 28)?;
        entry.serialize_field("id", &self.id)?;
        entry.serialize_field("timestamp", &timestamp_text(&self.timestamp))?;
        entry.serialize_field("actor", &self.actor.id())?;
        entry.serialize_field("actor_name", &self.actor.name())?;
        entry.serialize_field("action", &self.action)?;
        entry.serialize_field("entity_type", &self.entity_type())?;
        entry.serialize_field("entity_id", &self.entity_id())?;
        entry.serialize_field("entity_name", &self.entity_name())?;
        entry.serialize_field("company", &self.tenant)?;
        entry.serialize_field("ip_address", &self.ip_address)?;
        entry.serialize_field("user_agent", &self.user_agent)?;
        entry.serialize_field("request_data", &present(&self.request_data))?;
        entry.serialize_field("changes", &changes)?;
        entry.serialize_field("metadata", &present(&self.metadata))?;

        entry.serialize_field("index", &self.index)?;
        entry.serialize_field("recorded_at", &timestamp_text(&self.recorded_at))?;
        entry.serialize_field("actor_kind", &self.actor.kind())?;
        entry.serialize_field("on_behalf_of", &self.actor.principal().map(Party))?;
        entry.serialize_field("outcome", &self.outcome)?;
        entry.serialize_field("error", &self.error)?;
        entry.serialize_field("duration_us", &duration)?;
        entry.serialize_field("reason", &self.reason)?;
        entry.serialize_field("severity", &self.severity)?;
        entry.serialize_field("request_id", &self.request_id)?;
        entry.serialize_field("operation", &self.operation)?;
        entry.serialize_field("cause", &self.cause)?;
        entry.serialize_field("truncated", &truncated)?;
        entry.serialize_field("sensitive", &sensitive)?;
        entry.end()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_fourteen_names_come_first_and_absent_is_null() {
        let time = Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap();
        let entry = AuditEntry::new(
            Uuid::from_u128(1),
            time,
            "acme".into(),
            Actor::system(),
            "create",
        );
        let text = serde_json::to_string(&entry).unwrap();
        let expected = r#"{"id":"00000000-0000-0000-0000-000000000001","timestamp":"2026-01-02T03:04:05.000000Z","actor":null,"actor_name":null,"action":"create","entity_type":null,"entity_id":null,"entity_name":null,"company":"acme","ip_address":null,"user_agent":null,"request_data":null,"changes":null,"metadata":null,"index":0,"#;
        assert!(text.starts_with(expected), "{text}");
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["actor_kind"], "system");
        assert_eq!(json["outcome"], "success");
        assert_eq!(json.as_object().unwrap().len(), 28);
    }
}
