//! Which records belong to a record, through however many levels, and when.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use serde_json::Value;
use uuid::Uuid;

use super::Record;
use super::effect::only_takes_away;
use super::paths::values;
use super::relation::{MOST_LEVELS, Relation, Says};
use super::span::Spans;
use crate::entry::path::steps;
use crate::entry::{AuditEntry, EntityId, IdRef, Outcome, first_segment};
use crate::error::Result;
use crate::query::filter::{Filter, Order};
use crate::query::stream::Source;

/// What belongs to a record.
#[derive(Default)]
pub(super) struct Descent {
    /// Records that hold the id of what they belong to, each while it does.
    pub(super) records: Vec<(Record, Spans)>,
    /// Entries that name it.
    pub(super) named: Vec<Named>,
}

/// Entries about records of a type whose metadata holds the id of a parent.
pub(super) struct Named {
    child: String,
    name: String,
    parents: Rc<Parents>,
}

impl Descent {
    pub(super) fn of(
        source: Source<'_>,
        record: &EntityId,
        relations: &[Relation],
    ) -> Result<Self> {
        let mut descent = Self::default();
        let root = Rc::new(Parents::new([(record.clone(), Spans::all())]));
        descent.follow_all(source, relations, &root, 1)?;
        Ok(descent)
    }

    fn follow_all(
        &mut self,
        source: Source<'_>,
        relations: &[Relation],
        parents: &Rc<Parents>,
        level: usize,
    ) -> Result<()> {
        if level > MOST_LEVELS || parents.is_empty() {
            return Ok(());
        }
        for relation in relations {
            let children = self.follow(source, relation, parents)?;
            let next = Rc::new(Parents::new(children));
            self.follow_all(source, &relation.children, &next, level + 1)?;
        }
        Ok(())
    }

    /// The children by one relation, on all of its levels.
    fn follow(
        &mut self,
        source: Source<'_>,
        relation: &Relation,
        parents: &Rc<Parents>,
    ) -> Result<BTreeMap<EntityId, Spans>> {
        let mut all = BTreeMap::<EntityId, Spans>::new();
        let mut parents = Rc::clone(parents);
        for level in 1..=relation.levels {
            let children = match &relation.says {
                Says::Field(path) => by_field(source, &relation.child, path, &parents)?,
                Says::Metadata(name) => {
                    let named = Named {
                        child: relation.child.clone(),
                        name: name.clone(),
                        parents: Rc::clone(&parents),
                    };
                    let has_children = level < relation.levels || !relation.children.is_empty();
                    let children = if has_children {
                        named.children(source)?
                    } else {
                        HashMap::new()
                    };
                    self.named.push(named);
                    children
                }
            };
            // In a circle, sooner or later nothing is new.
            let mut news = Vec::new();
            for (id, spans) in children {
                let known = all.entry(id.clone()).or_default();
                if known.add_all(&spans) {
                    news.push((id, known.clone()));
                }
            }
            if news.is_empty() {
                break;
            }
            parents = Rc::new(Parents::new(news));
        }
        if matches!(relation.says, Says::Field(_)) {
            self.records.extend(all.iter().map(|(id, spans)| {
                let record = Record::new(relation.child.clone(), id.clone());
                (record, spans.clone())
            }));
        }
        Ok(all)
    }
}

impl Named {
    pub(super) fn filter(&self) -> Filter {
        of_type(&self.child)
    }

    pub(super) fn is_meant(&self, entry: &AuditEntry) -> bool {
        let named = entry.metadata.get(&self.name);
        let mut parents = self.parents.all_of(named);
        parents.any(|(_, spans)| spans.holds(entry.index))
    }

    /// The records that such entries are about, from the first of them on.
    fn children(&self, source: Source<'_>) -> Result<HashMap<EntityId, Spans>> {
        let mut children = HashMap::<EntityId, Spans>::new();
        for entry in source.stream(self.filter(), Order::OldestFirst, None) {
            let entry = entry?;
            if let Some(id) = entry.entity_id().filter(|_| self.is_meant(&entry)) {
                let spans = children.entry(id.clone()).or_default();
                spans.open(entry.index);
            }
        }
        Ok(children)
    }
}

/// The records whose field holds the id of a parent, and when both belonged together.
fn by_field(
    source: Source<'_>,
    child: &str,
    path: &str,
    parents: &Parents,
) -> Result<HashMap<EntityId, Spans>> {
    let told = Filter {
        changed: Some(first_segment(path).to_owned()),
        outcomes: Some(vec![Outcome::Success]),
        ..of_type(child)
    };
    let way: Vec<_> = steps(path).collect();
    // For each child, when it belonged to which parent.
    let mut heard: HashMap<EntityId, BTreeMap<usize, Spans>> = HashMap::new();
    for entry in source.stream(told, Order::OldestFirst, None) {
        let entry = entry?;
        let (Some(id), Some((old, new))) = (entry.entity_id(), values(&entry.changes, &way)) else {
            continue;
        };
        let was: Vec<usize> = parents.places_of(old).collect();
        let mut is: Vec<usize> = parents.places_of(new).collect();
        if new.is_none() && only_takes_away(&entry) {
            // A child that went still was one.
            is.extend(&was);
        }
        if was.is_empty() && is.is_empty() && !heard.contains_key(id) {
            continue;
        }
        let of_child = heard.entry(id.clone()).or_default();
        for parent in was {
            // What was before the first that is told of it belonged to the parent as well.
            of_child.entry(parent).or_insert_with(Spans::all);
        }
        for (parent, spans) in &mut *of_child {
            if !is.contains(parent) {
                spans.close(entry.index);
            }
        }
        for parent in is {
            of_child.entry(parent).or_default().open(entry.index);
        }
    }
    let heard = heard.into_iter().map(|(id, of_child)| {
        let mut together = Spans::default();
        for (parent, spans) in of_child {
            if let Some((_, parents)) = parents.all.get(parent) {
                together.add_all(&spans.within(parents));
            }
        }
        (id, together)
    });
    Ok(heard.filter(|(_, spans)| !spans.is_empty()).collect())
}

/// Records to whom others may belong, and when they belong to the record themselves.
struct Parents {
    all: Vec<(EntityId, Spans)>,
    places: HashMap<Key, usize>,
}

/// A recorded value as an id.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Number(i128),
    Text(String),
    Uuid(Uuid),
}

impl Parents {
    fn new(all: impl IntoIterator<Item = (EntityId, Spans)>) -> Self {
        let all: Vec<_> = all.into_iter().collect();
        let keys = all.iter().map(|(id, _)| Key::of(id)).zip(0..);
        Self {
            places: keys.collect(),
            all,
        }
    }

    fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    fn all_of(&self, value: Option<&Value>) -> impl Iterator<Item = &(EntityId, Spans)> {
        self.places_of(value)
            .filter_map(|place| self.all.get(place))
    }

    /// Which of them a value names: a text may be two.
    fn places_of(&self, value: Option<&Value>) -> impl Iterator<Item = usize> {
        let keys = match value {
            Some(Value::Number(number)) => {
                let number = number
                    .as_i64()
                    .map(i128::from)
                    .or_else(|| number.as_u64().map(i128::from));
                [number.map(Key::Number), None]
            }
            Some(Value::String(text)) => [
                Some(Key::Text(text.clone())),
                Uuid::parse_str(text).ok().map(Key::Uuid),
            ],
            _ => [None, None],
        };
        let keys = keys.into_iter().flatten();
        keys.filter_map(|key| self.places.get(&key).copied())
    }
}

impl Key {
    fn of(id: &EntityId) -> Self {
        match id.as_ref() {
            IdRef::Integer(id) => Self::Number(id.into()),
            IdRef::Unsigned(id) => Self::Number(id.into()),
            IdRef::Text(id) => Self::Text(id.to_owned()),
            IdRef::Uuid(id) => Self::Uuid(id),
        }
    }
}

fn of_type(child: &str) -> Filter {
    Filter {
        entity_type: Some(child.to_owned()),
        ..Filter::default()
    }
}
