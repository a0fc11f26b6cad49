//! What is printed: tables over the log, and nothing that the log does not say.

use std::io::{self, Write};

use audit_core::{ActorKind, AuditEntry, Auditor, EntityId, GroupBy, Moment, Outcome, TenantLog};
use chrono::{DateTime, Utc};
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, Width};
use serde_json::{Map, Value};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const WIDTH: u16 = 110;
/// The most letters of a text in a cell; a table is for reading.
const LETTERS: usize = 90;

/// The newest entries of one company.
pub(crate) fn newest(out: &mut impl Write, log: &TenantLog, limit: usize) -> Result {
    title(
        out,
        &format!("The newest {limit} entries of {}", log.name()),
    )?;
    let mut table = table(&[
        ("time", 11),
        ("who", 20),
        ("action", 18),
        ("record", 25),
        ("what", 26),
    ]);
    for entry in log.entries().limit(limit).page()?.entries {
        table.add_row([
            entry.timestamp.format("%d %H:%M:%S").to_string(),
            who(&entry),
            entry.action.clone(),
            record(&entry),
            summary(&entry),
        ]);
    }
    print(out, &table)
}

/// Everything that ever happened to one incident, field by field.
pub(crate) fn history(out: &mut impl Write, log: &TenantLog, id: i64) -> Result {
    title(
        out,
        &format!("The history of incident {id} of {}", log.name()),
    )?;
    let mut table = table(&[
        ("time", 8),
        ("who", 20),
        ("action", 18),
        ("field", 12),
        ("before", 20),
        ("after", 20),
    ]);
    let entries = log.entries().entity("incident", id).oldest_first();
    let entries = entries.stream()?.collect::<audit_core::Result<Vec<_>>>()?;
    let causes: Vec<_> = entries.iter().filter_map(|entry| entry.cause).collect();
    for entry in &entries {
        if causes.contains(&entry.id) {
            // What it changed stands in the rows of the changes that it caused.
            continue;
        }
        let action = match entry.cause.map(|cause| log.entry(cause)).transpose()? {
            Some(Some(cause)) => cause.action,
            _ => entry.action.clone(),
        };
        let time = entry.timestamp.format("%H:%M:%S").to_string();
        let mut lead = [time, who(entry), action];
        if entry.changes.is_empty() {
            let [time, who, action] = lead;
            let outcome = match entry.outcome {
                Outcome::Success => "(no change)".to_owned(),
                outcome => format!("({outcome})"),
            };
            table.add_row([time, who, action, outcome, String::new(), said(entry)]);
            continue;
        }
        for (path, change) in entry.changes.iter() {
            let [time, who, action] = std::mem::take(&mut lead);
            let path = path.to_owned();
            let (old, new) = (side(change.old.as_ref()), side(change.new.as_ref()));
            table.add_row([time, who, action, path, old, new]);
        }
    }
    print(out, &table)
}

/// What was changed by nobody who is known.
pub(crate) fn nobody(out: &mut impl Write, log: &TenantLog) -> Result {
    title(out, "What somebody changed who did not say who they are")?;
    let mut table = table(&[
        ("incident", 9),
        ("who", 14),
        ("field", 12),
        ("before", 30),
        ("after", 30),
    ]);
    let entries = log.entries().actor_kind(ActorKind::Unattributed);
    for entry in entries.limit(3).page()?.entries {
        let id = entry.entity_id().map(ToString::to_string);
        let mut lead = [id.unwrap_or_default(), entry.actor.kind().to_string()];
        for (path, change) in entry.changes.iter() {
            let [id, who] = std::mem::take(&mut lead);
            let (old, new) = (side(change.old.as_ref()), side(change.new.as_ref()));
            table.add_row([id, who, path.to_owned(), old, new]);
        }
    }
    print(out, &table)
}

/// One incident as it was, and as it is.
pub(crate) fn then_and_now(
    out: &mut impl Write,
    log: &TenantLog,
    id: i64,
    then: DateTime<Utc>,
) -> Result {
    title(out, &format!("Incident {id} as it was yesterday evening"))?;
    let mut table = table(&[("field", 14), ("was", 40), ("is", 40)]);
    let history = log.history("incident", id);
    let state = |when: Moment| -> Result<Map<String, Value>> {
        Ok(match history.state_at(when)? {
            Some(Value::Object(fields)) => fields,
            _ => Map::new(),
        })
    };
    let (was, is) = (state(then.into())?, state(u64::MAX.into())?);
    for (field, value) in &was {
        let now = is.get(field);
        let same = now == Some(value);
        let now = if same { "…".to_owned() } else { side(now) };
        table.add_row([field.clone(), side(Some(value)), now]);
    }
    print(out, &table)
}

/// Who did most, in each company.
pub(crate) fn most_active(out: &mut impl Write, auditor: &Auditor, companies: &[&str]) -> Result {
    title(out, "Who did most")?;
    let mut table = table(&[("company", 24), ("who", 30), ("entries", 9)]);
    right(&mut table, 2);
    for company in companies {
        let counts = auditor
            .tenant(*company)
            .entries()
            .count_by(GroupBy::Actor)?;
        for count in counts.into_iter().take(4) {
            let who = clean(&count.group.label());
            table.add_row([(*company).to_owned(), who, count.entries.to_string()]);
        }
    }
    print(out, &table)
}

/// What was refused, and the newest of what failed.
pub(crate) fn failures(out: &mut impl Write, auditor: &Auditor, companies: &[&str]) -> Result {
    title(out, "What was refused, and what failed")?;
    let mut table = table(&[
        ("time", 11),
        ("company", 16),
        ("who", 18),
        ("action", 16),
        ("how", 7),
        ("why", 30),
    ]);
    for outcome in [Outcome::Denied, Outcome::Failure] {
        for company in companies {
            let log = auditor.tenant(*company);
            for entry in log.entries().outcome(outcome).limit(6).page()?.entries {
                table.add_row([
                    entry.timestamp.format("%d %H:%M:%S").to_string(),
                    (*company).to_owned(),
                    who(&entry),
                    entry.action.clone(),
                    outcome.to_string(),
                    said(&entry),
                ]);
            }
        }
    }
    print(out, &table)?;
    let of = |outcome| {
        let counts = companies
            .iter()
            .map(|company| auditor.tenant(*company).entries().outcome(outcome).count());
        counts.sum::<audit_core::Result<u64>>()
    };
    let (denied, failed) = (of(Outcome::Denied)?, of(Outcome::Failure)?);
    writeln!(
        out,
        " in all {denied} refused and {failed} failed; up to 6 of each company are shown"
    )?;
    Ok(())
}

/// How many entries each day has: a second run on the same file is a second day.
pub(crate) fn days(out: &mut impl Write, auditor: &Auditor, companies: &[&str]) -> Result {
    title(out, "Entries of each day")?;
    let mut table = table(&[("company", 24), ("day", 12), ("entries", 9)]);
    right(&mut table, 2);
    for company in companies {
        let mut counts = auditor.tenant(*company).entries().count_by(GroupBy::Day)?;
        counts.sort_by_key(|count| count.group.label());
        for count in counts {
            let entries = count.entries.to_string();
            table.add_row([(*company).to_owned(), count.group.label(), entries]);
        }
    }
    print(out, &table)
}

pub(crate) fn title(out: &mut impl Write, text: &str) -> io::Result<()> {
    writeln!(out, "\n{text}\n")
}

fn table(columns: &[(&str, u16)]) -> Table {
    let mut table = Table::new();
    let style = NOTHING.header_separator(LineStyle::none().fill('─').junction('─'));
    table
        .load_style(style)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH)
        .set_header(columns.iter().map(|(name, _)| *name))
        // The padding of one on each side counts.
        .set_constraints(
            columns
                .iter()
                .map(|(_, width)| ColumnConstraint::UpperBoundary(Width::Fixed(width + 2))),
        );
    table
}

fn right(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

fn print(out: &mut impl Write, table: &Table) -> Result {
    writeln!(out, "{}", table.trim_fmt())?;
    Ok(())
}

fn who(entry: &AuditEntry) -> String {
    let actor = &entry.actor;
    let kind = actor.kind().as_str();
    let name = clean(actor.name().unwrap_or(kind));
    match actor.principal().and_then(|principal| principal.name()) {
        Some(principal) => format!("{name} for {}", clean(principal)),
        None if actor.id().is_none() && actor.name().is_some() => format!("{name} ({kind})"),
        None => name,
    }
}

fn record(entry: &AuditEntry) -> String {
    let id = entry.entity_id().and_then(EntityId::as_i64);
    let id = id.map(|id| format!(" {id}")).unwrap_or_default();
    let name = entry.entity_name().map(|name| format!(" {}", clean(name)));
    let entity_type = entry.entity_type().unwrap_or_default();
    format!("{entity_type}{id}{}", name.unwrap_or_default())
}

fn summary(entry: &AuditEntry) -> String {
    if entry.changes.is_empty() {
        return said(entry);
    }
    if entry.changes.len() > 3 {
        return format!("{} fields", entry.changes.len());
    }
    let changes = entry.changes.iter().map(|(path, change)| {
        let (old, new) = (side(change.old.as_ref()), side(change.new.as_ref()));
        format!("{path}: {old} → {new}")
    });
    clean(&changes.collect::<Vec<_>>().join(", "))
}

/// The words of an entry: what went wrong, why it was done, what was asked for.
fn said(entry: &AuditEntry) -> String {
    if let Some(error) = &entry.error {
        return clean(&error.text);
    }
    if let Some(reason) = &entry.reason {
        return clean(reason);
    }
    let words = |metadata: &Map<String, Value>| {
        let words = metadata.iter();
        let words = words.map(|(name, value)| format!("{name}: {}", side(Some(value))));
        words.collect::<Vec<_>>().join(", ")
    };
    clean(&words(&entry.metadata))
}

fn side(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::Null) => "–".to_owned(),
        Some(Value::String(text)) => clean(text),
        Some(value) => clean(&value.to_string()),
    }
}

/// A text on one line, without what a terminal would obey, and not too long.
fn clean(text: &str) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = printable.clone().take(LETTERS).collect();
    if printable.count() > LETTERS {
        short.push('…');
    }
    short
}
