//! From what the user said and what the table is to what is captured.

use audit_core::{Error, ErrorKind, MAX_WORD_CHARS, Result, Tenant};
use rusqlite::Connection;

use super::layout::{Field, Kind, Layout, TenantSource};
use super::options::{Options, TenantRule, contains};
use super::shape::Shape;
use super::sql::identifier;
use super::tenant::TenantColumn;

/// SQLite's limit is 2000 columns; some of ours come beside the values.
const MOST_SLOTS: usize = 1_900;

/// What is captured of a table.
pub(super) struct Plan {
    pub(super) options: Options,
    pub(super) shape: Shape,
    pub(super) layout: Layout,
    /// The column of each field, as SQL after a qualifier.
    pub(super) columns: Vec<String>,
    /// The column of the name, the same way.
    pub(super) name: Option<String>,
    pub(super) tenant: Option<TenantColumn>,
}

impl Plan {
    /// Decides; every name is checked. `is_secret` says whether a column has the name of a secret.
    pub(super) fn new(
        connection: &Connection,
        shape: Shape,
        options: Options,
        is_secret: &dyn Fn(&str) -> bool,
    ) -> Result<Self> {
        check_words(&shape, &options)?;
        let mut chooser = Chooser {
            shape: &shape,
            options: &options,
            is_secret,
            columns: Vec::new(),
            next: 1,
        };
        let (fields, ids) = chooser.fields()?;
        let name = match &options.name {
            Some(name) => Some(chooser.needed(name, "the name")?),
            None => None,
        };
        match &options.tenant {
            TenantRule::Column(name) => chooser.check_tenant(name)?,
            TenantRule::Through { shown, .. } => chooser.check_no_secret(shown, "the tenant")?,
            TenantRule::Context | TenantRule::Constant(_) => {}
        }
        let tenant = TenantColumn::read(connection, &shape, &options.tenant)?;
        let layout = Layout {
            table: shape.name.clone(),
            entity_type: options
                .entity_type
                .clone()
                .unwrap_or_else(|| shape.name.clone()),
            fields,
            ids,
            name: name.as_ref().map(|_| chooser.slots(1)),
            tenant: match &options.tenant {
                TenantRule::Context => TenantSource::Context,
                TenantRule::Constant(tenant) => TenantSource::Constant(tenant.clone()),
                TenantRule::Column(_) | TenantRule::Through { .. } => {
                    TenantSource::Slot(chooser.slots(1))
                }
            },
            identity: shape.identity.iter().map(|_| chooser.slots(1)).collect(),
            summarize_above: options.summarize_above,
            condition: options.when.clone(),
        };
        let columns = chooser.columns;
        if layout.slots() > MOST_SLOTS {
            return Err(invalid(
                &shape,
                "has more columns than can be staged; leave some out with `exclude`, or name those that count with `include`",
            ));
        }
        Ok(Self {
            options,
            shape,
            layout,
            columns,
            name,
            tenant,
        })
    }
}

/// Chooses columns and gives them slots.
struct Chooser<'a> {
    shape: &'a Shape,
    options: &'a Options,
    is_secret: &'a dyn Fn(&str) -> bool,
    columns: Vec<String>,
    next: usize,
}

impl Chooser<'_> {
    fn slots(&mut self, count: usize) -> usize {
        let first = self.next;
        self.next += count;
        first
    }

    fn fields(&mut self) -> Result<(Vec<Field>, Vec<usize>)> {
        let Self { shape, options, .. } = *self;
        let named = if options.ids.is_empty() {
            &shape.primary_key
        } else {
            &options.ids
        };
        let mut ids = Vec::new();
        for name in named {
            self.needed(name, "the id")?;
            ids.push(shape.expect_column(name, "the id")?);
        }
        let mut fields = Vec::new();
        let mut places = vec![0; ids.len()];
        if ids.is_empty() {
            // Only a table with rowids has no primary key.
            let rowid = shape.identity.first().cloned().unwrap_or_default();
            let slot = self.slots(2);
            fields.push(Field {
                shown: rowid.clone(),
                kind: Kind::Id,
                is_allowed: true,
                is_told: false,
                slot,
            });
            self.columns.push(rowid);
            places.push(0);
        }
        for column in &shape.columns {
            let name = column.name.as_str();
            let id = ids.iter().position(|id| *id == name);
            let is_told = !contains(&options.exclude, name)
                && options
                    .include
                    .as_ref()
                    .is_none_or(|included| contains(included, name));
            if !is_told && id.is_none() {
                continue;
            }
            let shown = self.shown(name);
            let is_allowed = contains(&options.allow, name);
            let has_secret_name = (self.is_secret)(name) || (self.is_secret)(&shown);
            let kind = if id.is_some() {
                Kind::Id
            } else if contains(&options.redact, name) || (has_secret_name && !is_allowed) {
                Kind::Redacted
            } else if contains(&options.json, name) {
                Kind::Json
            } else {
                Kind::Plain
            };
            if let Some(place) = id.and_then(|id| places.get_mut(id)) {
                *place = fields.len();
            }
            let slot = self.slots(if kind == Kind::Redacted { 1 } else { 2 });
            self.columns.push(identifier(name));
            fields.push(Field {
                shown,
                kind,
                is_allowed,
                is_told,
                slot,
            });
        }
        check_labels(shape, &fields)?;
        Ok((fields, places))
    }

    fn shown(&self, column: &str) -> String {
        self.options
            .labels
            .iter()
            .find(|(labelled, _)| labelled.eq_ignore_ascii_case(column))
            .map_or_else(|| column.to_owned(), |(_, shown)| shown.clone())
    }

    /// A column whose value is staged as it is, so that it must be no secret.
    fn needed(&self, name: &str, role: &str) -> Result<String> {
        let column = self.shape.expect_column(name, role)?;
        let is_hidden =
            contains(&self.options.exclude, column) || contains(&self.options.redact, column);
        if is_hidden {
            return Err(invalid(
                self.shape,
                format!(
                    "has {role} in column `{column}`, which is excluded or redacted; {role} stands in every entry, so take another column for it"
                ),
            ));
        }
        self.check_no_secret(column, role)?;
        Ok(identifier(column))
    }

    /// It may be excluded: whose a row is says the log that it stands in.
    fn check_tenant(&self, name: &str) -> Result<()> {
        let column = self.shape.expect_column(name, "the tenant")?;
        if contains(&self.options.redact, column) {
            return Err(invalid(
                self.shape,
                format!(
                    "has the tenant in column `{column}`, which is redacted; the tenant stands in every entry, so exclude the column instead, or take another one for it"
                ),
            ));
        }
        self.check_no_secret(column, "the tenant")
    }

    fn check_no_secret(&self, column: &str, role: &str) -> Result<()> {
        if !(self.is_secret)(column) || contains(&self.options.allow, column) {
            return Ok(());
        }
        Err(invalid(
            self.shape,
            format!(
                "has {role} in column `{column}`, which has the name of a secret; take another column for it, or say with `allow` that it is none"
            ),
        ))
    }
}

/// Checks what the user said, all but the columns of id, name and tenant.
fn check_words(shape: &Shape, options: &Options) -> Result<()> {
    let entity_type = options.entity_type.as_deref().unwrap_or(&shape.name);
    let length = entity_type.chars().count();
    if length == 0 || length > MAX_WORD_CHARS {
        return Err(invalid(
            shape,
            format!("needs an `entity_type` of 1 to {MAX_WORD_CHARS} characters"),
        ));
    }
    let included = options.include.as_deref().unwrap_or_default();
    let labelled: Vec<String> = options
        .labels
        .iter()
        .map(|(name, _)| name.clone())
        .collect();
    for (names, role) in [
        (included, "included"),
        (options.exclude.as_slice(), "excluded"),
        (options.redact.as_slice(), "redacted"),
        (options.allow.as_slice(), "allowed"),
        (options.json.as_slice(), "read as JSON"),
        (labelled.as_slice(), "labelled"),
    ] {
        for name in names {
            shape.expect_column(name, role)?;
        }
    }
    for (left, right, words) in [
        (included, &options.exclude, "included and excluded"),
        (&options.redact, &options.exclude, "redacted and excluded"),
        (&options.redact, &options.allow, "redacted and allowed"),
        (&options.redact, &options.json, "redacted and read as JSON"),
    ] {
        if let Some(name) = left.iter().find(|name| contains(right, name)) {
            return Err(invalid(
                shape,
                format!("has a column `{name}` that is to be {words}; say one of both"),
            ));
        }
    }
    if options.operations.as_ref().is_some_and(Vec::is_empty) {
        return Err(invalid(shape, "has no operations to tell of; name one"));
    }
    if options
        .when
        .as_ref()
        .is_some_and(|when| when.trim().is_empty() || when.contains('\0'))
    {
        return Err(invalid(
            shape,
            "has an empty condition, or one with a NUL character; leave `when` out",
        ));
    }
    if let TenantRule::Constant(tenant) = &options.tenant {
        Tenant::from(tenant).check()?;
    }
    Ok(())
}

fn check_labels(shape: &Shape, fields: &[Field]) -> Result<()> {
    for (place, field) in fields.iter().enumerate() {
        if field.shown.is_empty() {
            return Err(invalid(shape, "has a column with an empty label"));
        }
        let before = fields.iter().take(place);
        if before.into_iter().any(|other| other.shown == field.shown) {
            return Err(invalid(
                shape,
                format!(
                    "has two columns that are shown as `{}`; give one another label",
                    field.shown
                ),
            ));
        }
    }
    Ok(())
}

pub(super) fn invalid(shape: &Shape, what: impl AsRef<str>) -> Error {
    Error::new(
        ErrorKind::Invalid,
        format!("table `{}` {}", shape.name, what.as_ref()),
    )
}
