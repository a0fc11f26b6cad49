//! What the type of a record says of its fields, said of the columns of its table.

use audit_core::{AuditedField, FieldCapture};

use super::options::{Options, TenantRule, contains};
use super::shape::Shape;

impl Options {
    /// Adds what a type says, for the columns that there are. What was said of the table itself stays,
    /// unless the type is stricter.
    pub(super) fn follow(&mut self, fields: &[AuditedField], shape: &Shape) {
        for field in fields {
            if let Some(column) = column_of(field, shape) {
                self.follow_field(field, column);
            }
        }
    }

    /// Forgets what a type has said of columns that are gone.
    pub(super) fn forget_gone(&mut self, shape: &Shape) {
        let is_there = |column: &str| shape.columns.iter().any(|one| is(&one.name, column));
        let gone: Vec<String> = self
            .of_type
            .extract_if(.., |column| !is_there(column))
            .collect();
        let stays = |column: &String| !contains(&gone, column);
        self.exclude.retain(stays);
        self.redact.retain(stays);
        self.labels.retain(|(column, _)| stays(column));
    }

    fn follow_field(&mut self, field: &AuditedField, column: &str) {
        add(&mut self.of_type, column);
        let is_labelled = self.labels.iter().any(|(labelled, _)| is(labelled, column));
        if field.name() != column && !is_labelled {
            self.labels
                .push((column.to_owned(), field.name().to_owned()));
        }
        if field.is_tenant() && self.tenant == TenantRule::Context {
            self.tenant = TenantRule::Column(column.to_owned());
        }
        if field.is_id() {
            // It stands in every entry, whatever the type says of its changes.
            self.follow_role(field, column);
            return;
        }
        match field.capture() {
            FieldCapture::Told => self.follow_role(field, column),
            FieldCapture::Excluded => {
                self.redact.retain(|name| !is(name, column));
                self.json.retain(|name| !is(name, column));
                add(&mut self.exclude, column);
            }
            // Members that are told of one by one have been thought of.
            FieldCapture::Inside if contains(&self.json, column) => {}
            // Whatever else there will be: rather too little than too much.
            _ if contains(&self.exclude, column) => {}
            _ => {
                self.json.retain(|name| !is(name, column));
                add(&mut self.redact, column);
            }
        }
    }

    fn follow_role(&mut self, field: &AuditedField, column: &str) {
        if field.is_id() && self.ids.is_empty() {
            self.ids.push(column.to_owned());
        }
        if field.is_name() && self.name.is_none() {
            self.name = Some(column.to_owned());
        }
    }
}

/// The column of a field: it has the name that the field has in the program, or in the log.
fn column_of<'s>(field: &AuditedField, shape: &'s Shape) -> Option<&'s str> {
    let named = |name: &str| shape.columns.iter().find(|column| is(&column.name, name));
    let column = named(field.written()).or_else(|| named(field.name()))?;
    Some(&column.name)
}

fn add(names: &mut Vec<String>, column: &str) {
    if !contains(names, column) {
        names.push(column.to_owned());
    }
}

fn is(name: &str, column: &str) -> bool {
    name.eq_ignore_ascii_case(column)
}
