//! How records belong to one another.

/// How deep relations are followed, one in another or from child to child. Each level is a walk
/// through the log.
pub(super) const MOST_LEVELS: usize = 32;

/// How children say to which record they belong.
///
/// ```
/// use audit_core::Relation;
///
/// // `Note::incident` holds the id of its incident.
/// let notes = Relation::field("note", "incident");
/// // Jobs are recorded with `.metadata("incident", id)`.
/// let jobs = Relation::metadata("job", "incident");
/// // Comments on its notes.
/// let comments = notes.with_children(Relation::field("comment", "note"));
/// // Folders in folders in folders.
/// let folders = Relation::field("folder", "parent").levels(3);
/// # let _ = (jobs, comments, folders);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Relation {
    pub(super) child: String,
    pub(super) says: Says,
    pub(super) levels: usize,
    pub(super) children: Vec<Relation>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Says {
    Field(String),
    Metadata(String),
}

impl Relation {
    /// Records of type `child` whose field at `path` holds the id of the record they belong to.
    ///
    /// A child that is moved to another record belongs to both while it moves: what it was before
    /// is in the history of the one, what it is after in that of the other.
    #[must_use]
    pub fn field(child: impl Into<String>, path: impl Into<String>) -> Self {
        Self::new(child, Says::Field(path.into()))
    }

    /// Entries about records of type `child` whose metadata holds the id under `name`.
    #[must_use]
    pub fn metadata(child: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(child, Says::Metadata(name.into()))
    }

    /// And the children of these children: what is about them while they belong to a child, while
    /// that belongs to the record.
    ///
    /// A child that is named in metadata has children from the first such entry on.
    #[must_use]
    pub fn with_children(mut self, relation: Relation) -> Self {
        self.children.push(relation);
        self
    }

    /// Follows the relation from child to child, for records that stand in a tree: so many levels
    /// instead of one, and 32 at the most. Records that belong to each other in a circle are told of
    /// once.
    #[must_use]
    pub fn levels(mut self, levels: usize) -> Self {
        self.levels = levels.min(MOST_LEVELS);
        self
    }

    fn new(child: impl Into<String>, says: Says) -> Self {
        Self {
            child: child.into(),
            says,
            levels: 1,
            children: Vec::new(),
        }
    }
}
