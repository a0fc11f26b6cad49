//! The ranges of the log that an index, or a look at each entry, leads to.

use audit_core::query::Order;

use crate::writer::Lookup;

/// Which index leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The tenant's log itself, in full blocks of the whole log, narrowed to some verbs or actors.
    Log {
        verbs: bool,
        actors: bool,
    },
    /// The same behind those blocks.
    LogTail {
        verbs: bool,
        actors: bool,
    },
    /// What names an operation, a request or a cause, in full blocks of the whole log.
    Lookup(Lookup),
    /// The same behind those blocks.
    LookupTail(Lookup),
    /// Entries of a record in full blocks of the tenant's log.
    Entity,
    /// Those behind them that are in full blocks of the whole log.
    EntityOpen,
    /// Those behind both.
    EntityTail,
    Outcome,
    Severity,
}

/// How much of an entry is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// What filters and counts look at.
    Thin,
    /// Everything.
    Full,
}

/// The columns that filters look at, then the rest; see [`column`](super::row::column).
pub(super) const THIN: &str = "e.seq, e.idx, e.time, e.verb, e.actor, e.outcome, e.severity, e.entity, e.label, e.shape, e.request_id, e.operation, e.cause";
pub(super) const REST: &str = "e.changes, e.id, e.recorded, e.ip, e.agent, e.request_data, e.metadata, e.duration, e.principal, e.reason, e.error_class, e.error_text, e.truncated, e.sensitive";

impl Source {
    #[cfg(test)]
    pub(crate) fn all() -> Vec<Self> {
        let pairs = [(false, false), (true, false), (false, true), (true, true)];
        let mut all = Vec::new();
        for (verbs, actors) in pairs {
            all.extend([Self::Log { verbs, actors }, Self::LogTail { verbs, actors }]);
        }
        all.extend([
            Self::Lookup(Lookup::Operation),
            Self::LookupTail(Lookup::Operation),
            Self::LookupTail(Lookup::Request),
            Self::LookupTail(Lookup::Cause),
            Self::Entity,
            Self::EntityOpen,
            Self::EntityTail,
            Self::Outcome,
            Self::Severity,
        ]);
        all
    }

    /// Where rows are found by the index alone.
    fn keys(self) -> &'static str {
        match self {
            Self::Log { .. } | Self::EntityOpen => "audit_place AS p",
            Self::Lookup(_) => "audit_lookup AS p",
            Self::LogTail { .. } | Self::LookupTail(_) | Self::EntityTail => {
                "audit_entry AS e NOT INDEXED"
            }
            Self::Entity => "audit_posting AS p",
            Self::Outcome => "audit_entry AS e INDEXED BY audit_entry_outcome",
            Self::Severity => "audit_entry AS e INDEXED BY audit_entry_severity",
        }
    }

    /// What has to be added to read whole rows.
    fn rows(self) -> &'static str {
        match self {
            Self::Log { .. } | Self::Lookup(_) | Self::Entity | Self::EntityOpen => {
                " CROSS JOIN audit_entry AS e ON e.seq = p.seq AND e.tenant = p.tenant"
            }
            _ => "",
        }
    }

    /// The range: tenant, bounds, values. A partial index is only used if its condition is said.
    /// Verb and actor are where the log is kept: an entry that is not meant is not looked up.
    fn range(self) -> String {
        let range = match self {
            Self::Log { verbs, actors } => {
                let range = "p.tenant = ?1 AND p.idx BETWEEN ?2 AND ?3";
                return format!("{range}{}", narrowed("p", verbs, actors));
            }
            Self::LogTail { verbs, actors } => {
                let range = "e.tenant = ?1 AND e.idx BETWEEN ?2 AND ?3";
                let narrowed = narrowed("e", verbs, actors);
                return format!("e.seq >= {OPEN} AND {range}{narrowed}");
            }
            Self::Lookup(lookup) => {
                let kind = lookup.number();
                return format!(
                    "p.kind = {kind} AND p.value = ?4 AND p.tenant = ?1 AND p.seq BETWEEN ?2 AND ?3"
                );
            }
            Self::LookupTail(lookup) => {
                let column = lookup.column();
                return format!(
                    "e.seq BETWEEN max(?2, {OPEN}) AND ?3 AND e.tenant = ?1 AND e.{column} = ?4"
                );
            }
            Self::Entity => "p.tenant = ?1 AND p.entity = ?4 AND p.seq BETWEEN ?2 AND ?3",
            Self::EntityOpen => "p.tenant = ?1 AND p.idx BETWEEN ?2 AND ?3 AND p.entity = ?4",
            Self::EntityTail => {
                let range = "e.tenant = ?1 AND e.idx BETWEEN ?2 AND ?3 AND e.entity = ?4";
                return format!("e.seq >= {OPEN} AND {range}");
            }
            Self::Outcome => {
                "e.tenant = ?1 AND e.outcome = ?4 AND e.outcome <> 0 AND e.seq BETWEEN ?2 AND ?3"
            }
            Self::Severity => {
                "e.tenant = ?1 AND e.severity = ?4 AND e.severity <> 0 AND e.seq BETWEEN ?2 AND ?3"
            }
        };
        range.to_owned()
    }

    fn order(self) -> &'static str {
        match self {
            Self::Log { .. } | Self::EntityOpen => "p.idx",
            Self::Lookup(_) | Self::Entity => "p.seq",
            _ => "e.seq",
        }
    }
}

/// The first entry behind the full blocks of the whole log: `audit_lookup` and `audit_place` do not tell
/// of it.
pub(super) const OPEN: &str = "(SELECT max(open) FROM audit_block)";

fn narrowed(table: &str, verbs: bool, actors: bool) -> String {
    let verbs = verbs.then(|| format!(" AND {table}.verb BETWEEN ?4 AND ?5"));
    let actors = actors.then(|| format!(" AND {table}.actor BETWEEN ?6 AND ?7"));
    [verbs, actors].into_iter().flatten().collect()
}

pub(super) fn columns(width: Width) -> String {
    match width {
        Width::Thin => THIN.to_owned(),
        Width::Full => format!("{THIN}, {REST}"),
    }
}

/// The entries of one range in order. `slot` tells apart the cursors of one merge, since a cached
/// statement serves one at a time.
pub(crate) fn stream(source: Source, order: Order, width: Width, slot: usize) -> String {
    let columns = columns(width);
    let direction = match order {
        Order::OldestFirst => "ASC",
        _ => "DESC",
    };
    let (keys, rows) = (source.keys(), source.rows());
    let (range, by) = (source.range(), source.order());
    format!(
        "SELECT {columns} FROM {keys}{rows} WHERE {range} ORDER BY {by} {direction} /* {slot} */"
    )
}

/// How many entries a range has; from the index alone.
pub(crate) fn count(source: Source) -> String {
    let (keys, range) = (source.keys(), source.range());
    format!("SELECT count(*) FROM {keys} WHERE {range}")
}

/// Whether a range is short: counts up to [`PROBE`] entries, from the index alone.
pub(crate) fn probe(source: Source) -> String {
    let (keys, range) = (source.keys(), source.range());
    format!("SELECT count(*) FROM (SELECT 1 FROM {keys} WHERE {range} LIMIT 256)")
}

/// How far a probe counts.
pub(crate) const PROBE: i64 = 256;
