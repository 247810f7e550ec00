//! The examples of rules, run as tests.

use super::problem::{Problem, place};
use super::{Compiled, RuleSet};
use crate::condition::{Events, Fault, Missing, Outcome, Query, Scope};
use crate::declarations::Declarations;
use crate::duration;
use crate::fact::{Fact, Facts, Type, Value};
use crate::logs::matching_patterns;
use crate::origin::Origin;
use crate::rule::{Expect, FactsExample, Rule};
use chrono::DateTime;
use std::collections::BTreeMap;

impl RuleSet {
    /// Runs all examples; what fails is a problem with the file and what came instead.
    pub fn failed_examples(&self, declared: &Declarations) -> Vec<Problem> {
        let mut failed = Vec::new();
        for (number, rule) in self.rules.iter().enumerate() {
            let compiled = self.compiled.get(number).cloned().unwrap_or_default();
            let (file, source) = self.files.get(number).cloned().unwrap_or_default();
            let mut fail = |near: &str, message: String| {
                failed.push(Problem {
                    file: file.clone(),
                    place: place(&source, near, 0),
                    message,
                });
            };
            for (near, message) in lines(rule) {
                fail(&near, message);
            }
            for (position, example) in rule.examples.facts.iter().enumerate() {
                if let Err(message) = facts_example(rule, &compiled, example, declared) {
                    fail(
                        "facts:",
                        format!("example {} of facts: {message}", position + 1),
                    );
                }
            }
        }
        failed
    }
}

/// Lines that do not match, and lines that should not.
fn lines(rule: &Rule) -> Vec<(String, String)> {
    let matches = |line: &String| !matching_patterns(rule, line).is_empty();
    let missed = rule.examples.matching.iter().filter(|line| !matches(line));
    let wrong = rule.examples.no_match.iter().filter(|line| matches(line));
    missed
        .map(|line| {
            (
                line.clone(),
                format!("no pattern matches the example: {line}"),
            )
        })
        .chain(wrong.map(|line| {
            (
                line.clone(),
                format!("a pattern matches what it should not: {line}"),
            )
        }))
        .collect()
}

fn facts_example(
    rule: &Rule,
    compiled: &Compiled,
    example: &FactsExample,
    declared: &Declarations,
) -> Result<(), String> {
    let Some(condition) = &compiled.when else {
        // One that does not compile is reported once, where it stands.
        return match rule.when {
            Some(_) => Ok(()),
            None => Err("the rule has no `when`".to_owned()),
        };
    };
    let given = Given::new(example, declared)?;
    let scope = |item| Scope {
        facts: &given.facts,
        events: &given,
        item,
        edge: None,
    };
    let fault = |fault: Fault| fault.to_string();
    let truths: Vec<Option<bool>> = match &compiled.each {
        None => vec![condition.judge(&scope(None)).map_err(fault)?.truth()],
        Some((list, variable)) => match given.facts.get(list).map(|fact| &fact.value) {
            Some(Value::List(items)) => items
                .iter()
                .map(|item| {
                    let item = Some((variable.as_str(), list.as_str(), item));
                    Ok(condition.judge(&scope(item)).map_err(fault)?.truth())
                })
                .collect::<Result<_, String>>()?,
            _ => vec![None],
        },
    };
    let found = if truths.contains(&Some(true)) {
        Expect::True
    } else if truths.contains(&None) {
        Expect::Unknown
    } else {
        Expect::False
    };
    if found == example.expect {
        return Ok(());
    }
    Err(format!(
        "expected {}, but `when` is {}",
        word(example.expect),
        word(found)
    ))
}

fn word(expect: Expect) -> &'static str {
    match expect {
        Expect::True => "true",
        Expect::False => "false",
        Expect::Unknown => "unknown",
    }
}

/// What an example gives: facts, `now`, `life.age`, `life.count`, and answers such as `seen("id")`.
///
/// An example that gives anything speaks of a node whose log was read and holds nothing but what it says.
struct Given {
    facts: Facts,
    other: BTreeMap<String, Value>,
}

impl Given {
    fn new(example: &FactsExample, declared: &Declarations) -> Result<Self, String> {
        let mut facts = Facts::default();
        let mut other = BTreeMap::new();
        for (path, json) in &example.given {
            if let Some(ty) = place_type(path) {
                other.insert(path.replace('\'', "\""), value(path, ty, json, declared)?);
                continue;
            }
            let ty = declared
                .ty(path)
                .ok_or_else(|| format!("no fact `{path}` is declared"))?;
            let value = value(path, ty, json, declared)?;
            facts.set(path, Fact::new(value, Origin::entry("example")));
        }
        Ok(Self { facts, other })
    }

    fn answer(&self, name: &str, missing: Missing) -> Outcome<'static> {
        match self.other.get(name) {
            Some(value) => Outcome::known(value.clone(), Vec::new()),
            None => Outcome::missing([missing]),
        }
    }
}

impl Events for Given {
    fn query(&self, query: Query, id: &str) -> Outcome<'static> {
        let name = match query {
            Query::Seen => "seen",
            Query::Present => "present",
            Query::Count => "count",
            Query::First => "first",
            Query::Last => "last",
        };
        let name = format!("{name}(\"{id}\")");
        let silent = match query {
            Query::Seen | Query::Present => Value::Bool(false),
            Query::Count => Value::Int(0),
            Query::First | Query::Last => Value::Null,
        };
        let is_read = !self.other.is_empty() || !self.facts.root().is_empty();
        if is_read && !self.other.contains_key(&name) {
            return Outcome::known(silent, Vec::new());
        }
        self.answer(&name, Missing::Log(vec![id.to_owned()]))
    }

    fn now(&self) -> Outcome<'static> {
        self.answer("now", Missing::Now)
    }

    fn life_age(&self) -> Outcome<'static> {
        self.answer("life.age", Missing::Log(Vec::new()))
    }

    fn life_count(&self) -> Outcome<'static> {
        self.answer("life.count", Missing::Log(Vec::new()))
    }
}

fn place_type(path: &str) -> Option<Type> {
    let call = path.split_once('(').map_or(path, |(name, _)| name);
    Some(match call {
        "now" => Type::Time,
        "life.age" => Type::Duration,
        "life.count" => Type::Int,
        "seen" | "present" if call != path => Type::Bool,
        "count" if call != path => Type::Int,
        "first" | "last" if call != path => Type::Time,
        _ => return None,
    })
}

/// A value as written in an example; the declared type decides how it is read.
fn value(
    path: &str,
    ty: Type,
    json: &serde_json::Value,
    declared: &Declarations,
) -> Result<Value, String> {
    use serde_json::Value as Json;
    let wrong = || format!("`{path}` is declared as {ty:?}, but the example gives {json}");
    Ok(match (ty, json) {
        (_, Json::Null) => Value::Null,
        (Type::Bool, Json::Bool(value)) => Value::Bool(*value),
        (Type::Int, Json::Number(number)) => Value::Int(number.as_i64().ok_or_else(wrong)?),
        (Type::Text, Json::String(text)) => Value::Text(text.clone()),
        (Type::Time, Json::String(text)) => {
            let time = DateTime::parse_from_rfc3339(text);
            Value::Time(time.ok().ok_or_else(wrong)?.to_utc())
        }
        (Type::Duration, Json::String(text)) => {
            Value::Duration(duration::parse(text).ok_or_else(wrong)?)
        }
        (Type::Version, Json::String(text)) => Value::Version(text.parse().ok().ok_or_else(wrong)?),
        (Type::Version, Json::Number(number)) => {
            Value::Version(number.to_string().parse().ok().ok_or_else(wrong)?)
        }
        (Type::Texts, Json::Array(items)) => Value::List(
            items
                .iter()
                .map(|item| Ok(Fact::built_in(value(path, Type::Text, item, declared)?)))
                .collect::<Result<_, String>>()?,
        ),
        (Type::Records, Json::Array(items)) => Value::List(
            items
                .iter()
                .map(|item| Ok(Fact::built_in(record(path, item, declared)?)))
                .collect::<Result<_, String>>()?,
        ),
        _ => return Err(wrong()),
    })
}

fn record(path: &str, json: &serde_json::Value, declared: &Declarations) -> Result<Value, String> {
    let fields = json
        .as_object()
        .ok_or_else(|| format!("the items of `{path}` are mappings"))?;
    let mut record = BTreeMap::new();
    for (name, json) in fields {
        let field = format!("{path}[].{name}");
        let ty = declared
            .ty(&field)
            .ok_or_else(|| format!("no field `{field}` is declared"))?;
        record.insert(
            name.clone(),
            Fact::built_in(value(&field, ty, json, declared)?),
        );
    }
    Ok(Value::Record(record))
}
