//! Facts: typed values under dotted paths, each with its origin. Conditions of rules read them.

use crate::duration;
use crate::origin::Origin;
use crate::version::Version;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A value and where it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// The value.
    pub value: Value,
    /// Where it was read: none for a built-in default, several for a value computed from several entries.
    pub origins: Vec<Origin>,
}

/// A typed value. A path that holds none of these is *unknown*: its source is not in the bundle.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// The source was read, or proves the absence: known to be unset.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number; sizes in bytes.
    Int(i64),
    /// Text as it stands in the source.
    Text(String),
    /// An instant, UTC.
    Time(DateTime<Utc>),
    /// A span of time.
    Duration(TimeDelta),
    /// A Kubernetes version.
    Version(Version),
    /// Items in source order.
    List(Vec<Fact>),
    /// Named values; a declared name that is missing is unknown.
    Record(BTreeMap<String, Fact>),
}

impl Fact {
    /// A value read at one place.
    pub fn new(value: Value, origin: Origin) -> Self {
        Self {
            value,
            origins: vec![origin],
        }
    }

    /// A value with no place, such as the default of a version.
    pub fn built_in(value: Value) -> Self {
        Self {
            value,
            origins: Vec::new(),
        }
    }

    /// A text read at one place.
    pub fn text(text: impl Into<String>, origin: Origin) -> Self {
        Self::new(Value::Text(text.into()), origin)
    }

    /// A list of texts read at one place.
    pub fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>, origin: &Origin) -> Self {
        let items = texts
            .into_iter()
            .map(|text| Self::text(text, origin.clone()))
            .collect();
        Self::new(Value::List(items), origin.clone())
    }

    /// A record whose fields were all read at one place. Fields that are `None` are unknown and left out.
    pub fn record<'a>(
        fields: impl IntoIterator<Item = (&'a str, Option<Value>)>,
        origin: &Origin,
    ) -> Self {
        let fields = fields
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), Self::new(value?, origin.clone()))))
            .collect();
        Self::new(Value::Record(fields), origin.clone())
    }

    /// A list of items, with the places of all of them, each once.
    pub fn list(items: Vec<Self>) -> Self {
        let mut origins: Vec<Origin> = Vec::new();
        for origin in items.iter().flat_map(|item| &item.origins) {
            if !origins.contains(origin) {
                origins.push(origin.clone());
            }
        }
        Self {
            value: Value::List(items),
            origins,
        }
    }

    /// A list of items; an empty one has the place that was read and holds none.
    pub fn list_at(items: Vec<Self>, read: &Origin) -> Self {
        let mut list = Self::list(items);
        if list.origins.is_empty() {
            list.origins.push(read.clone());
        }
        list
    }

    /// The text of a [`Value::Text`].
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number of a [`Value::Int`].
    pub fn as_int(&self) -> Option<i64> {
        match self.value {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }

    /// The truth of a [`Value::Bool`].
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(truth) => Some(truth),
            _ => None,
        }
    }

    /// A field of a [`Value::Record`].
    pub fn field(&self, name: &str) -> Option<&Self> {
        match &self.value {
            Value::Record(record) => record.get(name),
            _ => None,
        }
    }

    /// The items of a [`Value::List`]; empty for anything else.
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<DateTime<Utc>> for Value {
    fn from(time: DateTime<Utc>) -> Self {
        Self::Time(time)
    }
}

impl fmt::Display for Value {
    /// As evidence and templates show it: null as `unset`, lists joined, a record as its first text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("unset"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(value),
            Self::Time(value) => f.write_str(&value.to_rfc3339_opts(SecondsFormat::Secs, true)),
            Self::Duration(value) => f.write_str(&duration::text(*value)),
            Self::Version(value) => write!(f, "{value}"),
            Self::List(items) => {
                let shown: Vec<String> = items
                    .iter()
                    .take(Self::SHOWN_ITEMS)
                    .map(|item| item.value.to_string())
                    .collect();
                f.write_str(&shown.join(", "))?;
                match items.len().checked_sub(Self::SHOWN_ITEMS) {
                    Some(more) if more > 0 => write!(f, " and {more} more"),
                    _ if items.is_empty() => f.write_str("none"),
                    _ => Ok(()),
                }
            }
            Self::Record(fields) => {
                let first = ["name", "path", "mount", "type", "address"];
                let field = first.iter().find_map(|name| fields.get(*name));
                match field.or_else(|| fields.values().next()) {
                    Some(field) => write!(f, "{}", field.value),
                    None => f.write_str("nothing"),
                }
            }
        }
    }
}

impl Value {
    /// Items of a list that its text shows.
    const SHOWN_ITEMS: usize = 8;
}

/// All facts of one node.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    root: BTreeMap<String, Fact>,
    /// Lists that hold what was seen and need not hold all that there is.
    partial: BTreeSet<&'static str>,
}

impl Facts {
    /// Sets the fact at a dotted path, making the records above it. A later value replaces an earlier one.
    pub fn set(&mut self, path: &str, fact: Fact) {
        let mut level = &mut self.root;
        let mut names = path.split('.').peekable();
        while let Some(name) = names.next() {
            if names.peek().is_none() {
                level.insert(name.to_owned(), fact);
                return;
            }
            let slot = level
                .entry(name.to_owned())
                .or_insert_with(|| Fact::built_in(Value::Record(BTreeMap::new())));
            if !matches!(slot.value, Value::Record(_)) {
                slot.value = Value::Record(BTreeMap::new());
            }
            let Value::Record(next) = &mut slot.value else {
                return;
            };
            level = next;
        }
    }

    /// Adds the facts of another node's whose first name is not known here.
    pub fn fill(&mut self, more: Self) {
        for (name, fact) in more.root {
            self.root.entry(name).or_insert(fact);
        }
        self.partial.extend(more.partial);
    }

    /// Takes note that a list need not hold all that there is: what is not among its items is unknown, not absent.
    pub fn set_partial(&mut self, path: &'static str) {
        self.partial.insert(path);
    }

    /// Whether a list need not hold all that there is.
    pub fn is_partial(&self, path: &str) -> bool {
        self.partial.contains(path)
    }

    /// The fact at a dotted path; `None` is unknown.
    pub fn get(&self, path: &str) -> Option<&Fact> {
        let mut names = path.split('.');
        let mut fact = self.root.get(names.next()?)?;
        for name in names {
            let Value::Record(record) = &fact.value else {
                return None;
            };
            fact = record.get(name)?;
        }
        Some(fact)
    }

    /// The text at a path; `None` when it is unknown, null or not a text.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.get(path)?.as_text()
    }

    /// The number at a path; `None` when it is unknown, null or not a number.
    pub fn int(&self, path: &str) -> Option<i64> {
        self.get(path)?.as_int()
    }

    /// The truth at a path; `None` when it is unknown, null or not a truth value.
    pub fn bool(&self, path: &str) -> Option<bool> {
        self.get(path)?.as_bool()
    }

    /// The top-level facts, sorted by name.
    pub fn root(&self) -> &BTreeMap<String, Fact> {
        &self.root
    }
}

/// The type of a declared fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Type {
    /// [`Value::Bool`]
    Bool,
    /// [`Value::Int`]
    Int,
    /// [`Value::Text`]
    Text,
    /// [`Value::Time`]
    Time,
    /// [`Value::Duration`]
    Duration,
    /// [`Value::Version`]
    Version,
    /// [`Value::List`] of [`Value::Text`]
    Texts,
    /// [`Value::List`] of [`Value::Record`]; its fields are declared as `path[].field`.
    Records,
}

/// The declaration of one fact, beside the parser or derived fact that yields it. `docs/facts.md` is made of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct FactDecl {
    /// Dotted path; a field of the items of a list is `list[].field`.
    pub path: &'static str,
    /// Type of the value.
    pub ty: Type,
    /// What it means, with units. Empty only for list fields whose name says it all.
    pub meaning: &'static str,
    /// What null means; empty when it is never null.
    pub null: &'static str,
    /// Entry that would hold it, as a node path or command, for "what could not be known".
    pub needs: &'static str,
    /// Command that collects it by hand.
    pub collect_with: &'static str,
}

impl FactDecl {
    /// A fact that is never null. Add its source with [`FactDecl::needs`], a null with [`FactDecl::null_is`].
    pub const fn new(path: &'static str, ty: Type, meaning: &'static str) -> Self {
        Self {
            path,
            ty,
            meaning,
            null: "",
            needs: "",
            collect_with: "",
        }
    }

    /// The entry that would hold it and the command that collects it by hand.
    #[must_use]
    pub const fn needs(self, entry: &'static str, collect_with: &'static str) -> Self {
        Self {
            needs: entry,
            collect_with,
            ..self
        }
    }

    /// What null means.
    #[must_use]
    pub const fn null_is(self, null: &'static str) -> Self {
        Self { null, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_back_what_was_set_and_everything_else_is_unknown() {
        let mut facts = Facts::default();
        facts.set(
            "host.swap.active",
            Fact::new(Value::Bool(true), Origin::line("proc/swaps", 2)),
        );
        assert_eq!(
            facts.get("host.swap.active").unwrap().value,
            Value::Bool(true)
        );
        assert!(facts.get("host.swap.devices").is_none());
        assert!(facts.get("host.swap.active.deeper").is_none());
    }
}
