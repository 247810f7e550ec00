//! What a name in a condition stands for.

use super::error::{Error, did_you_mean};
use crate::declarations::Declarations;
use crate::fact::Type;
use std::collections::BTreeSet;

/// The names that a condition may use at its place in a rule.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// Declared facts.
    pub facts: &'a Declarations,
    /// Loop variable of the rule's `each` and the path of its list.
    pub item: Option<(&'a str, &'a str)>,
    /// In `if` of `explains`: variables of this rule and of the explained one.
    pub edge: Option<(&'a BTreeSet<String>, &'a BTreeSet<String>)>,
    /// Ids of all rules.
    pub rules: &'a BTreeSet<&'a str>,
}

/// The type of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ty {
    Null,
    Bool,
    Int,
    Text,
    Time,
    Duration,
    Version,
    Texts,
    Ints,
    /// Items of the list at this path.
    Records(String),
    /// One item of the list at this path.
    Record(String),
}

impl Ty {
    pub(super) fn of(path: &str, declared: Type) -> Self {
        match declared {
            Type::Bool => Self::Bool,
            Type::Int => Self::Int,
            Type::Text => Self::Text,
            Type::Time => Self::Time,
            Type::Duration => Self::Duration,
            Type::Version => Self::Version,
            Type::Texts => Self::Texts,
            Type::Records => Self::Records(path.to_owned()),
        }
    }

    /// In words, for messages.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool => "a truth value".to_owned(),
            Self::Int => "a number".to_owned(),
            Self::Text => "a text".to_owned(),
            Self::Time => "a time".to_owned(),
            Self::Duration => "a duration".to_owned(),
            Self::Version => "a version".to_owned(),
            Self::Texts => "a list of texts".to_owned(),
            Self::Ints => "a list of numbers".to_owned(),
            Self::Records(path) => format!("the list {path}"),
            Self::Record(path) => format!("an item of {path}"),
        }
    }

    /// Type of the items, for a list.
    pub(super) fn item(&self) -> Option<Self> {
        match self {
            Self::Texts => Some(Self::Text),
            Self::Ints => Some(Self::Int),
            Self::Records(path) => Some(Self::Record(path.clone())),
            _ => None,
        }
    }
}

/// A loop variable in scope, innermost last.
pub(super) type Local = (String, Ty);

/// Type of a name; an unknown name is an error with the nearest known one.
pub(super) fn type_of(
    name: &str,
    at: usize,
    names: &Names<'_>,
    locals: &[Local],
) -> Result<Ty, Error> {
    let (head, field) = match name.split_once('.') {
        Some((head, field)) => (head, Some(field)),
        None => (name, None),
    };
    if let Some((_, ty)) = locals.iter().rev().find(|(local, _)| local == head) {
        return local_type(ty, head, field, at, names);
    }
    if let Some((variable, list)) = names.item
        && variable == head
    {
        let ty = match names.facts.ty(list) {
            Some(declared) => Ty::of(list, declared).item().unwrap_or(Ty::Null),
            None => Ty::Record(list.to_owned()),
        };
        return local_type(&ty, head, field, at, names);
    }
    if let Some(ty) = place_type(name, names) {
        return Ok(ty);
    }
    match names.facts.ty(name) {
        Some(declared) if !name.contains("[]") => Ok(Ty::of(name, declared)),
        _ => Err(undeclared(name, at, names)),
    }
}

fn local_type(
    ty: &Ty,
    head: &str,
    field: Option<&str>,
    at: usize,
    names: &Names<'_>,
) -> Result<Ty, Error> {
    match (ty, field) {
        (ty, None) => Ok(ty.clone()),
        (Ty::Record(list), Some(field)) => {
            let path = format!("{list}[].{field}");
            match names.facts.ty(&path) {
                Some(declared) => Ok(Ty::of(&path, declared)),
                None => Err(undeclared(&path, at, names)),
            }
        }
        (ty, Some(field)) => Err(Error::new(
            at,
            format!("`{head}` is {} and has no field `{field}`", ty.words()),
        )),
    }
}

/// `now`, `life.*`, and in an edge the names of both findings.
fn place_type(name: &str, names: &Names<'_>) -> Option<Ty> {
    let edge_name = |name: &str, variables: &BTreeSet<String>| match name {
        "first" | "last" => Some(Ty::Time),
        "count" => Some(Ty::Int),
        _ => variables.contains(name).then_some(Ty::Text),
    };
    if let Some((own, other)) = names.edge {
        let ty = match name.strip_prefix("other.") {
            Some(name) => edge_name(name, other),
            None => edge_name(name, own),
        };
        if ty.is_some() {
            return ty;
        }
    }
    match name {
        "now" => Some(Ty::Time),
        "life.age" => Some(Ty::Duration),
        "life.count" => Some(Ty::Int),
        _ => None,
    }
}

fn undeclared(name: &str, at: usize, names: &Names<'_>) -> Error {
    let hint = match did_you_mean(name, names.facts.paths()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => "; `rules list --facts` prints the declared facts".to_owned(),
    };
    Error::new(at, format!("no fact `{name}` is declared{hint}"))
}
