//! The syntax tree of a condition.

use crate::version::Version;
use chrono::TimeDelta;

/// An expression and the byte it begins at.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expr {
    pub(super) at: usize,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    Duration(TimeDelta),
    Version(Version),
    /// `["a", "b"]`
    List(Vec<Expr>),
    /// A fact, a loop variable with or without a field, or one of the names that the place defines.
    Name(String),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    Binary(Operator, Box<Expr>, Box<Expr>),
    /// `exists(list, item, condition)` and `all(…)`.
    Fold {
        every: bool,
        list: Box<Expr>,
        item: String,
        body: Box<Expr>,
    },
    /// `text.startsWith("x")`
    Method(Method, Box<Expr>, Box<Expr>),
    /// `size(x)`
    Size(Box<Expr>),
    /// `seen("id")`
    Query(Query, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    And,
    Or,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Plus,
    Minus,
}

impl Operator {
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::And => "&&",
            Self::Or => "||",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::Plus => "+",
            Self::Minus => "-",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    StartsWith,
    EndsWith,
    Contains,
}

/// A question about another rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query {
    /// Whether one of its lines stands anywhere in the log.
    Seen,
    /// Whether its finding is present.
    Present,
    /// How many of its lines the current life has.
    Count,
    /// Time of its first line.
    First,
    /// Time of its last line.
    Last,
}

impl Expr {
    /// The expressions directly below.
    pub(super) fn children(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Null
            | Kind::Bool(_)
            | Kind::Int(_)
            | Kind::Text(_)
            | Kind::Duration(_)
            | Kind::Version(_)
            | Kind::Name(_)
            | Kind::Query(..) => Vec::new(),
            Kind::List(items) => items.iter().collect(),
            Kind::Not(inner) | Kind::Negative(inner) | Kind::Size(inner) => vec![inner],
            Kind::Binary(_, left, right) | Kind::Method(_, left, right) => vec![left, right],
            Kind::Fold { list, body, .. } => vec![list, body],
        }
    }

    /// Calls `visit` for this expression and everything below it.
    pub(super) fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }
}
