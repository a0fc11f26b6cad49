//! What a type leaves out or hides stays so, whoever else tells of its records.

use serde_json::Value;

use crate::entry::{Change, Changes, Entity, FieldCapture, first_segment};
use crate::sanitize::MASK;

/// Takes out of changes that somebody else tells of a record what its type leaves out, and masks what
/// its type hides.
///
/// For stores that see records in another way than through their types, such as by triggers, and add
/// what they see to an entry about `entity`. Names are compared with those under which the type
/// records. Of what is inside of a field, `told` decides: where the entry tells of it, it is enough;
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
    let capture = |path: &str| {
        let name = first_segment(path);
        let field = fields.iter().find(|field| field.name() == name);
        field.map(|field| (name.to_owned(), field.capture()))
    };
    others.retain(|path, _| match capture(path) {
        Some((_, FieldCapture::Excluded)) => false,
        Some((name, FieldCapture::Inside)) => !told.touches(&name),
        _ => true,
    });
    for (path, change) in others.iter_mut() {
        if let Some((_, FieldCapture::Hidden | FieldCapture::Inside)) = capture(path) {
            mask(change);
        }
    }
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
