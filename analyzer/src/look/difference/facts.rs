//! Facts of two nodes side by side.

use super::own::Own;
use crate::analyze::Read;
use crate::fact::{Fact, Value};
use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A fact that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Differing {
    /// Path; items of lists by what names them: `units[kubelet.service].load_state`.
    pub fact: String,
    /// How.
    pub how: Differs,
}

/// How a fact differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Differs {
    /// Both know it.
    Values {
        /// In the first.
        a: Held,
        /// In the second.
        b: Held,
    },
    /// Only the first has this item of the list.
    OnlyA(Held),
    /// Only the second has it.
    OnlyB(Held),
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Held {
    /// The value as text; of an item of a list what it says of itself.
    pub value: String,
    /// Entry that it was read from.
    pub entry: Option<String>,
    /// Line of that entry.
    pub line: Option<u64>,
}

/// What comparing came to.
pub(super) struct Comparison {
    pub(super) differing: Vec<Differing>,
    pub(super) left_out: u64,
    pub(super) known_to_one: (u64, u64),
}

/// Fields that name an item of a list.
const NAMING: [&str; 11] = [
    "path",
    "mount",
    "name",
    "pod",
    "address",
    "port",
    "destination",
    "device",
    "interface",
    "type",
    "index",
];

/// Last parts of paths of what differs on any two nodes or at any two times.
const PASSING: [&str; 22] = [
    "aki",
    "attempt",
    "available",
    "boot_id",
    "clock_uncertainty",
    "index",
    "inodes_percent",
    "machine_id",
    "messages",
    "n_restarts",
    "now",
    "offset",
    "pid",
    "pod_cidr",
    "product_uuid",
    "serial",
    "ski",
    "spki",
    "uptime",
    "used",
    "used_percent",
    "provider_id",
];

/// What is never the same twice, by the beginning of its path.
const PASSING_PARTS: [&str; 4] = [
    "bundle.",
    "host.processes",
    "host.sysctls[fs.file-nr",
    "runtime.containers",
];

/// More items of a list that only one has, and the lists are of unlike sources.
const MOST_ITEMS: usize = 8;

/// Differences of times that no fault is behind.
const CLOCKS_APART: TimeDelta = TimeDelta::seconds(2);

/// The facts of one node, opened.
#[derive(Default)]
struct Opened<'f> {
    leaves: BTreeMap<String, &'f Fact>,
    /// Paths of the items of lists, and of the lists.
    items: BTreeMap<String, Held>,
    lists: BTreeSet<String>,
}

pub(super) fn compare(a: (&Read, &Own), b: (&Read, &Own), all: bool) -> Comparison {
    let opened_a = Opened::of(a.0, a.1);
    let opened_b = Opened::of(b.0, b.1);
    let mut found = Comparison {
        differing: Vec::new(),
        left_out: 0,
        known_to_one: (0, 0),
    };
    let paths: BTreeSet<&String> = opened_a
        .leaves
        .keys()
        .chain(opened_b.leaves.keys())
        .collect();
    for path in paths {
        let leaves = (opened_a.leaves.get(path), opened_b.leaves.get(path));
        let passing = is_passing(path);
        match leaves {
            (Some(first), Some(second)) if alike((first, a.1), (second, b.1), all) => {}
            (Some(_), Some(_)) if passing && !all => found.left_out += 1,
            (Some(first), Some(second)) => found.differing.push(Differing {
                fact: path.clone(),
                how: Differs::Values {
                    a: Held::of(first),
                    b: Held::of(second),
                },
            }),
            (Some(_), None) if !opened_b.tells(path) => found.known_to_one.0 += 1,
            (None, Some(_)) if !opened_a.tells(path) => found.known_to_one.1 += 1,
            _ => {}
        }
    }
    found.items((&opened_a, &opened_b), all);
    found.differing.sort_by(|a, b| a.fact.cmp(&b.fact));
    found
}

impl Comparison {
    /// Items of lists that only one has, where the other has the list.
    fn items(&mut self, (a, b): (&Opened<'_>, &Opened<'_>), all: bool) {
        let mut of_one = |one: &Opened<'_>, other: &Opened<'_>, how: fn(Held) -> Differs| {
            let lacking = one.items.iter().filter(|(item, _)| other.lacks(item));
            let lacking: Vec<_> = lacking.collect();
            let mut of_list: BTreeMap<&str, usize> = BTreeMap::new();
            for (item, _) in &lacking {
                *of_list.entry(list_of(item)).or_default() += 1;
            }
            for (item, held) in lacking {
                let many = of_list.get(list_of(item)).is_some_and(|n| *n > MOST_ITEMS);
                if (many || is_passing(item)) && !all {
                    self.left_out += 1;
                    continue;
                }
                self.differing.push(Differing {
                    fact: item.clone(),
                    how: how(held.clone()),
                });
            }
        };
        of_one(a, b, Differs::OnlyA);
        of_one(b, a, Differs::OnlyB);
    }
}

impl<'f> Opened<'f> {
    fn of(read: &'f Read, own: &Own) -> Self {
        let mut opened = Self::default();
        for (name, fact) in read.evidence.facts.root() {
            opened.open(name.clone(), fact, own);
        }
        opened
    }

    fn open(&mut self, path: String, fact: &'f Fact, own: &Own) {
        match &fact.value {
            Value::Record(fields) => {
                for (name, field) in fields {
                    self.open(format!("{path}.{name}"), field, own);
                }
            }
            Value::List(items) if items.is_empty() => {
                self.lists.insert(path.clone());
                self.leaves.insert(path, fact);
            }
            Value::List(items) if items.iter().all(is_record) => {
                self.lists.insert(path.clone());
                for (number, item) in items.iter().enumerate() {
                    let mut named = format!("{path}[{}]", key(item, number, own));
                    while self.items.contains_key(&named) {
                        named.push('\'');
                    }
                    self.items.insert(named.clone(), Held::of(item));
                    self.open(named, item, own);
                }
            }
            _ => {
                self.leaves.insert(path, fact);
            }
        }
    }

    /// Whether the list of this item is known, and it is not in it.
    fn lacks(&self, item: &str) -> bool {
        !self.items.contains_key(item) && self.lists.contains(list_of(item))
    }

    /// Whether something else is told of a field: it is a list, or the item that it belongs to is known not to be there.
    fn tells(&self, field: &str) -> bool {
        let item = field.rfind(']').and_then(|at| field.get(..=at));
        self.lists.contains(field) || item.is_some_and(|item| self.lacks(item))
    }
}

/// The list that an item is in.
fn list_of(item: &str) -> &str {
    let end = item.rfind('[').unwrap_or(item.len());
    item.get(..end).unwrap_or(item)
}

fn is_record(item: &Fact) -> bool {
    matches!(item.value, Value::Record(_))
}

/// What names an item of a list, as it would on any node.
fn key(item: &Fact, number: usize, own: &Own) -> String {
    let naming = NAMING.iter().filter_map(|name| item.field(name));
    let naming: Vec<String> = naming
        .filter(|field| field.value != Value::Null)
        .map(|field| own.general(&field.value.to_string()).into_owned())
        .collect();
    if naming.is_empty() {
        number.to_string()
    } else {
        naming.join(" ")
    }
}

/// Whether two values say the same, each for its own node.
fn alike((a, own_a): (&Fact, &Own), (b, own_b): (&Fact, &Own), all: bool) -> bool {
    if a.value == b.value {
        return true;
    }
    if all {
        return a.value.to_string() == b.value.to_string();
    }
    match (&a.value, &b.value) {
        (Value::Time(a), Value::Time(b)) => {
            let past = |time, now: Option<_>| now.is_some_and(|now| time < now);
            past(*a, own_a.now) == past(*b, own_b.now)
        }
        (Value::Duration(a), Value::Duration(b)) => (*a - *b).abs() <= CLOCKS_APART,
        (a, b) => own_a.general(&a.to_string()) == own_b.general(&b.to_string()),
    }
}

fn is_passing(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or(path);
    let part = PASSING_PARTS.iter().any(|part| path.starts_with(part));
    part || PASSING.contains(&last)
}

impl Held {
    fn of(fact: &Fact) -> Self {
        let origin = fact.origins.first();
        Self {
            value: match &fact.value {
                Value::Record(fields) => said(fields),
                value => value.to_string(),
            },
            entry: origin.map(|origin| origin.entry.to_string()),
            line: origin.and_then(|origin| origin.line),
        }
    }
}

/// What an item says besides what names it, shortly.
fn said(fields: &BTreeMap<String, Fact>) -> String {
    const MOST: usize = 6;
    let telling = fields.iter().filter(|(name, field)| {
        !NAMING.contains(&name.as_str())
            && !PASSING.contains(&name.as_str())
            && field.value != Value::Null
    });
    let telling: Vec<String> = telling
        .take(MOST)
        .map(|(name, field)| format!("{name}={}", field.value))
        .collect();
    telling.join(" ")
}
