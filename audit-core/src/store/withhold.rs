//! What a type leaves out or hides stays so, whoever else tells of its records.

use serde_json::Value;

use crate::entry::{AuditedField, Change, Changes, Entity, FieldCapture, first_segment};
use crate::sanitize::MASK;

/// Takes out of changes that somebody else tells of a record what its type leaves out, and masks what
/// its type hides.
///
/// For stores that see records in another way than through their types, such as by triggers, and add
/// what they see to an entry about `entity`. Names are compared with those of the fields, in the program and in
/// the log, whatever the case of their letters. Of what is inside of a field, `told` decides: where the entry tells of it, it is enough;
/// where it does not, the values are masked, since the types inside may hide some.
///
/// ```
/// use audit_core::{Audited, Change, Changes, store};
///
/// #[derive(Audited)]
/// struct Patient {
///     #[audit(id)]
///     id: u32,
///     ward: String,
///     #[audit(exclude)]
///     diagnosis: String,
/// }
///
/// let patient = Patient { id: 7, ward: "3 b".into(), diagnosis: "not for the log".into() };
/// let mut row = Changes::new();
/// row.insert("ward", Change::added("3 b".into()));
/// row.insert("diagnosis", Change::added("not for the log".into()));
/// store::withhold(&patient.audit_entity(), &Changes::new(), &mut row);
/// assert_eq!(row.fields(), ["ward"]);
/// ```
pub fn withhold(entity: &Entity, told: &Changes, others: &mut Changes) {
    let fields = entity.fields();
    if fields.is_empty() {
        return;
    }
    others.retain(|path, _| match strictest(fields, path) {
        Some(field) if field.capture() == FieldCapture::Excluded => false,
        // What somebody else calls otherwise, or knows more of, is told of under its own name.
        Some(field) if field.capture() == FieldCapture::Inside || !is_named(field.name(), path) => {
            !told.touches(field.name())
        }
        _ => true,
    });
    for (path, change) in others.iter_mut() {
        let capture = strictest(fields, path).map(AuditedField::capture);
        if let Some(FieldCapture::Hidden | FieldCapture::Inside) = capture {
            mask(change);
        }
    }
}

/// The field that a path begins with, by either of its names. Where there are several, it is the one of
/// which least may be told.
fn strictest<'f>(fields: &'f [AuditedField], path: &str) -> Option<&'f AuditedField> {
    fields
        .iter()
        .filter(|field| is_named(field.name(), path) || is_named(field.written(), path))
        .max_by_key(|field| match field.capture() {
            FieldCapture::Told => 0,
            FieldCapture::Inside => 1,
            FieldCapture::Hidden => 2,
            FieldCapture::Excluded => 3,
        })
}

fn is_named(name: &str, path: &str) -> bool {
    first_segment(path).eq_ignore_ascii_case(name)
}

fn mask(change: &mut Change) {
    for value in change.old.iter_mut().chain(&mut change.new) {
        *value = Value::from(MASK);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entry::AuditedField;

    const FIELDS: &[AuditedField] = &[
        AuditedField::new("id", FieldCapture::Told),
        AuditedField::new("iban", FieldCapture::Hidden),
        AuditedField::new("diagnosis", FieldCapture::Excluded),
        AuditedField::new("address", FieldCapture::Inside),
        AuditedField::new("taxNumber", FieldCapture::Hidden).written_as("tax_number"),
        AuditedField::new("shown", FieldCapture::Told).written_as("kept_as"),
        AuditedField::new("twice", FieldCapture::Told),
        AuditedField::new("twice", FieldCapture::Excluded).written_as("twice_too"),
    ];

    fn withheld(told: &[&str], others: &[&str]) -> Value {
        let changes = |paths: &[&str]| {
            let change = || Change::replaced(json!(1), json!(2));
            paths
                .iter()
                .map(|path| ((*path).to_owned(), change()))
                .collect::<Changes>()
        };
        let entity = Entity::new("patient").with_fields(FIELDS);
        let mut others = changes(others);
        withhold(&entity, &changes(told), &mut others);
        serde_json::to_value(&others).unwrap()
    }

    #[test]
    fn what_is_left_out_goes_what_is_hidden_is_masked_and_the_rest_stays() {
        assert_eq!(
            withheld(&[], &["id", "iban", "diagnosis", "diagnosis.code", "other"]),
            json!({
                "id": {"old": 1, "new": 2},
                "iban": {"old": "********", "new": "********"},
                "other": {"old": 1, "new": 2},
            })
        );
    }

    #[test]
    fn a_field_is_known_by_both_of_its_names() {
        let masked = |name: &str| json!({name: {"old": "********", "new": "********"}});
        assert_eq!(withheld(&[], &["tax_number"]), masked("tax_number"));
        assert_eq!(withheld(&[], &["TAXNUMBER"]), masked("TAXNUMBER"));
        assert_eq!(withheld(&["taxNumber"], &["tax_number"]), json!({}));
        assert_eq!(withheld(&["shown"], &["kept_as"]), json!({}));
        assert_eq!(
            withheld(&[], &["kept_as"]),
            json!({"kept_as": {"old": 1, "new": 2}})
        );
        assert_eq!(
            withheld(&[], &["twice", "twice_too"]),
            json!({}),
            "the strictest holds"
        );
    }

    #[test]
    fn what_is_inside_is_told_by_the_type_or_masked() {
        let masked = json!({"address": {"old": "********", "new": "********"}});
        assert_eq!(withheld(&[], &["address"]), masked);
        assert_eq!(withheld(&["address.city"], &["address"]), json!({}));
        assert_eq!(
            withheld(&["address.city"], &["address.street"]),
            json!({}),
            "two tellers of one list would not fit together"
        );
        assert_eq!(withheld(&["addressee"], &["address"]), masked);
    }

    #[test]
    fn a_type_that_says_nothing_withholds_nothing() {
        let mut others = Changes::new();
        others.insert("iban", Change::added(json!(1)));
        let all = others.clone();
        withhold(&Entity::new("patient"), &Changes::new(), &mut others);
        assert_eq!(others, all);
    }
}
