//! Where the values of a captured row stand in the staging table, as it is kept in the file.

use serde::{Deserialize, Serialize};

/// How to read the staged rows of a table. Kept as long as there are any, whatever becomes of the
/// table meanwhile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Layout {
    pub(super) table: String,
    pub(super) entity_type: String,
    /// In the order of the columns.
    pub(super) fields: Vec<Field>,
    /// Which fields make the id, in order.
    pub(super) ids: Vec<usize>,
    /// The slot of the name.
    pub(super) name: Option<usize>,
    pub(super) tenant: TenantSource,
    /// The slots of what tells rows apart; only where a row may have been displaced.
    pub(super) identity: Vec<usize>,
    pub(super) summarize_above: Option<u64>,
    pub(super) condition: Option<String>,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Field {
    /// Its name in changes.
    pub(super) shown: String,
    pub(super) kind: Kind,
    /// Whether its name is no secret, although the sanitizer would take it for one.
    pub(super) is_allowed: bool,
    /// Whether it is a part of changes, or only needed for the id.
    pub(super) is_told: bool,
    /// Where the old value stands; the new one stands behind it. A redacted column has one slot.
    pub(super) slot: usize,
}

/// What is staged of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// The values, at least where they differ.
    Plain,
    /// The same, of a text that is JSON.
    Json,
    /// Both values always, since the id is made of them.
    Id,
    /// That the values differ.
    Redacted,
}

/// Where the tenant of a staged row stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum TenantSource {
    Context,
    Constant(String),
    Slot(usize),
}

impl Layout {
    /// The slot of the tenant that something is told to which is not told of a row. An id has two slots,
    /// so that there is a second one in any case.
    pub(super) fn note_tenant(&self) -> usize {
        match self.tenant {
            TenantSource::Slot(slot) => slot,
            TenantSource::Context | TenantSource::Constant(_) => 2,
        }
    }

    /// How many slots a row takes.
    pub(super) fn slots(&self) -> usize {
        let fields = self.fields.iter().map(|field| match field.kind {
            Kind::Redacted => field.slot,
            _ => field.slot + 1,
        });
        let tenant = match self.tenant {
            TenantSource::Slot(slot) => Some(slot),
            _ => None,
        };
        fields
            .chain(self.name)
            .chain(tenant)
            .chain(self.identity.iter().copied())
            .max()
            .unwrap_or(1)
    }
}

/// What a staged row tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Staged {
    Insert,
    Update,
    Delete,
    Baseline,
    Paused,
    Resumed,
}

impl Staged {
    const ALL: [Self; 6] = [
        Self::Insert,
        Self::Update,
        Self::Delete,
        Self::Baseline,
        Self::Paused,
        Self::Resumed,
    ];

    /// The number in the file; never given again to something else.
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Insert => 1,
            Self::Update => 2,
            Self::Delete => 3,
            Self::Baseline => 4,
            Self::Paused => 5,
            Self::Resumed => 6,
        }
    }

    pub(super) fn from_number(number: i64) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|staged| staged.number() == number)
    }

    /// The action of the entry.
    pub(super) fn action(self) -> &'static str {
        match self {
            Self::Insert => audit_core::action::CREATE,
            Self::Update => audit_core::action::UPDATE,
            Self::Delete => audit_core::action::DELETE,
            Self::Baseline => audit_core::action::BASELINE,
            Self::Paused => audit_core::action::CAPTURE_PAUSED,
            Self::Resumed => audit_core::action::CAPTURE_RESUMED,
        }
    }
}
