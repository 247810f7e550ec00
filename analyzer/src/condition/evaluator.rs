//! Kleene's three values over facts and events.
//!
//! Null is a value: known to be unset. `null == null` holds, null equals nothing else, and no order, membership or text
//! test holds for it; an unset list is empty; where a truth value is needed null counts as unknown, because neither the
//! condition nor its negation was proven. A list that is known in part decides only by an item that it has.

use super::outcome::{Missing, Outcome};
use super::syntax::{Expr, Kind, Method, Operator, Query};
use crate::fact::{Fact, Facts, Value};
use std::borrow::Cow;

/// Most steps of one judgement.
const MAX_STEPS: usize = 10_000;

/// What a condition is judged against.
pub struct Scope<'a> {
    /// Facts of the node.
    pub facts: &'a Facts,
    /// Events, clock and lives.
    pub events: &'a dyn Events,
    /// Loop variable of `each`, path of its list, and the item.
    pub item: Option<(&'a str, &'a str, &'a Fact)>,
    /// In `if` of `explains`: values of this finding and of the explained one.
    pub edge: Option<&'a dyn Edge>,
}

/// What conditions ask about other rules, the clock and lives.
pub trait Events {
    /// Answers `seen`, `present`, `count`, `first` or `last`.
    fn query(&self, query: Query, id: &str) -> Outcome<'static>;
    /// The node's time.
    fn now(&self) -> Outcome<'static>;
    /// How long the current life lasts.
    fn life_age(&self) -> Outcome<'static>;
    /// How many lives the log has.
    fn life_count(&self) -> Outcome<'static>;
}

/// Names of the two findings of an edge.
pub trait Edge {
    /// `first`, `last`, `count`, a variable, or one of these after `other.`; `None` where it is none of them.
    fn value(&self, name: &str) -> Option<Outcome<'static>>;
}

/// Judging went wrong: a fault of the rule or of the parser that gave the fact, never of the run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A cap was reached.
    #[error("the condition took more than {MAX_STEPS} steps")]
    Steps,
    /// A value has another type than was declared.
    #[error("a value has not the type that was declared for it")]
    Type,
}

pub(super) struct Judge<'a, 's> {
    pub(super) scope: &'s Scope<'a>,
    pub(super) steps: usize,
    /// Loop variables: name, path of the list, item.
    pub(super) locals: Vec<(&'s str, String, &'a Fact)>,
}

impl<'a, 's> Judge<'a, 's> {
    pub(super) fn judge(&mut self, expr: &'s Expr) -> Result<Outcome<'a>, Fault> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(Fault::Steps);
        }
        Ok(match &expr.kind {
            Kind::Null => Outcome::owned(Value::Null),
            Kind::Bool(value) => Outcome::owned(Value::Bool(*value)),
            Kind::Int(value) => Outcome::owned(Value::Int(*value)),
            Kind::Text(value) => Outcome::owned(Value::Text(value.clone())),
            Kind::Duration(value) => Outcome::owned(Value::Duration(*value)),
            Kind::Version(value) => Outcome::owned(Value::Version(*value)),
            Kind::List(items) => self.list(items)?,
            Kind::Name(name) => self.name(name),
            Kind::Not(inner) => {
                let inner = self.judge(inner)?;
                let value = inner.truth().map(|truth| Value::Bool(!truth));
                inner.with_value(value)
            }
            Kind::Negative(inner) => negative(self.judge(inner)?)?,
            Kind::Size(inner) => size(self.judge(inner)?)?,
            Kind::Method(method, receiver, argument) => {
                let receiver = self.judge(receiver)?;
                let argument = self.judge(argument)?;
                combine(receiver, argument, |text, part| {
                    text_test(*method, text, part)
                })?
            }
            Kind::Binary(operator, left, right) => self.binary(*operator, left, right)?,
            Kind::Fold {
                every,
                list,
                item,
                body,
            } => self.fold(*every, list, item, body)?,
            Kind::Query(query, id) => self.scope.events.query(*query, id),
        })
    }

    fn list(&mut self, items: &'s [Expr]) -> Result<Outcome<'a>, Fault> {
        let mut all = Outcome::owned(Value::Null);
        let mut values = Vec::new();
        for item in items {
            let item = self.judge(item)?;
            if let Some(value) = item.value.as_deref() {
                values.push(Fact::built_in(value.clone()));
            }
            all = all.join(item, None);
        }
        let known = values.len() == items.len();
        Ok(all.with_value(known.then_some(Value::List(values))))
    }

    fn name(&self, name: &str) -> Outcome<'a> {
        let (head, field) = match name.split_once('.') {
            Some((head, field)) => (head, Some(field)),
            None => (name, None),
        };
        let local = self.locals.iter().rev().find(|(local, ..)| *local == head);
        if let Some((_, list, item)) = local {
            return of_item(list, item, field);
        }
        if let Some((variable, list, item)) = self.scope.item
            && variable == head
        {
            return of_item(list, item, field);
        }
        if let Some(value) = self.scope.edge.and_then(|edge| edge.value(name)) {
            return value;
        }
        match name {
            "now" => self.scope.events.now(),
            "life.age" => self.scope.events.life_age(),
            "life.count" => self.scope.events.life_count(),
            _ => match self.scope.facts.get(name) {
                Some(fact) => Outcome::fact(name, fact, &[]),
                None => Outcome::unknown(Missing::Fact(name.to_owned())),
            },
        }
    }

    fn binary(
        &mut self,
        operator: Operator,
        left: &'s Expr,
        right: &'s Expr,
    ) -> Result<Outcome<'a>, Fault> {
        match operator {
            Operator::And => self.logic(false, left, right),
            Operator::Or => self.logic(true, left, right),
            _ => {
                let left = self.judge(left)?;
                let right = self.judge(right)?;
                combine(left, right, |left, right| operate(operator, left, right))
            }
        }
    }

    /// `&&` with `decisive` false, `||` with true: one decisive side decides alone, and only it is evidence.
    fn logic(
        &mut self,
        decisive: bool,
        left: &'s Expr,
        right: &'s Expr,
    ) -> Result<Outcome<'a>, Fault> {
        let left = self.judge(left)?;
        if left.truth() == Some(decisive) {
            return Ok(left);
        }
        let right = self.judge(right)?;
        if right.truth() == Some(decisive) {
            return Ok(right);
        }
        let value = match (left.truth(), right.truth()) {
            (Some(_), Some(_)) => Some(Value::Bool(!decisive)),
            _ => None,
        };
        Ok(left.join(right, value))
    }

    fn fold(
        &mut self,
        every: bool,
        list: &'s Expr,
        item: &'s str,
        body: &'s Expr,
    ) -> Result<Outcome<'a>, Fault> {
        let path = list_path(list, &self.locals);
        let list = self.judge(list)?;
        let facts: &'a [Fact] = match &list.value {
            None => return Ok(list),
            Some(Cow::Borrowed(Value::List(facts))) => facts,
            Some(value) if matches!(**value, Value::Null) => &[],
            Some(Cow::Owned(Value::List(_)) | _) => return Err(Fault::Type),
        };
        let mut whole = list.with_value(Some(Value::Bool(every)));
        for fact in facts {
            self.locals.push((item, path.clone(), fact));
            let one = self.judge(body);
            self.locals.pop();
            let one = one?;
            match one.truth() {
                Some(truth) if truth != every => return Ok(one),
                Some(_) => whole.year_inferred |= one.year_inferred,
                None => {
                    whole.value = None;
                    whole.missing.extend(one.missing);
                }
            }
        }
        if self.scope.facts.is_partial(&path) {
            whole.value = None;
            whole.missing.insert(Missing::Fact(path));
        }
        Ok(whole)
    }
}

/// Path of the list that is folded over; a field of an item keeps the item's list in front.
fn list_path(list: &Expr, locals: &[(&str, String, &Fact)]) -> String {
    let Kind::Name(name) = &list.kind else {
        return String::new();
    };
    let (head, field) = name.split_once('.').unwrap_or((name, ""));
    match locals.iter().rev().find(|(local, ..)| *local == head) {
        Some((_, path, _)) => format!("{path}[].{field}"),
        None => name.clone(),
    }
}

fn of_item<'a>(list: &str, item: &'a Fact, field: Option<&str>) -> Outcome<'a> {
    let Some(field) = field else {
        return Outcome::fact(list, item, &item.origins);
    };
    let path = format!("{list}[].{field}");
    let Value::Record(record) = &item.value else {
        return Outcome::unknown(Missing::Fact(path));
    };
    match record.get(field) {
        Some(fact) => Outcome::fact(&path, fact, &item.origins),
        None => Outcome::unknown(Missing::Fact(path)),
    }
}

/// Applies an operation to two known values. A comparison of times that no line has counts as satisfied.
fn combine<'a>(
    left: Outcome<'a>,
    right: Outcome<'a>,
    operate: impl Fn(&Value, &Value) -> Option<Value>,
) -> Result<Outcome<'a>, Fault> {
    let value = match (left.value.as_deref(), right.value.as_deref()) {
        (Some(left), Some(right)) => Some(operate(left, right).ok_or(Fault::Type)?),
        _ => None,
    };
    let timeless = left.timeless || right.timeless;
    let missing = !left.missing.is_empty() || !right.missing.is_empty();
    let value = match value {
        None if timeless && !missing => Some(Value::Bool(true)),
        value => value,
    };
    Ok(left.join(right, value))
}

fn operate(operator: Operator, left: &Value, right: &Value) -> Option<Value> {
    let unset = *left == Value::Null || *right == Value::Null;
    Some(match operator {
        Operator::Equal => Value::Bool(left == right),
        Operator::NotEqual => Value::Bool(left != right),
        Operator::Plus | Operator::Minus if unset => Value::Null,
        _ if unset => Value::Bool(false),
        Operator::Less => Value::Bool(order(left, right)?.is_lt()),
        Operator::LessOrEqual => Value::Bool(order(left, right)?.is_le()),
        Operator::Greater => Value::Bool(order(left, right)?.is_gt()),
        Operator::GreaterOrEqual => Value::Bool(order(left, right)?.is_ge()),
        Operator::In => {
            let Value::List(items) = right else {
                return None;
            };
            Value::Bool(items.iter().any(|item| item.value == *left))
        }
        Operator::Plus => plus(left, right)?,
        Operator::Minus => minus(left, right)?,
        Operator::And | Operator::Or => return None,
    })
}

fn order(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        (Value::Time(left), Value::Time(right)) => Some(left.cmp(right)),
        (Value::Duration(left), Value::Duration(right)) => Some(left.cmp(right)),
        (Value::Version(left), Value::Version(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

fn plus(left: &Value, right: &Value) -> Option<Value> {
    Some(match (left, right) {
        (Value::Int(left), Value::Int(right)) => Value::Int(left.saturating_add(*right)),
        (Value::Duration(left), Value::Duration(right)) => {
            Value::Duration(left.checked_add(right)?)
        }
        (Value::Time(time), Value::Duration(span)) | (Value::Duration(span), Value::Time(time)) => {
            Value::Time(time.checked_add_signed(*span)?)
        }
        _ => return None,
    })
}

fn minus(left: &Value, right: &Value) -> Option<Value> {
    Some(match (left, right) {
        (Value::Int(left), Value::Int(right)) => Value::Int(left.saturating_sub(*right)),
        (Value::Duration(left), Value::Duration(right)) => {
            Value::Duration(left.checked_sub(right)?)
        }
        (Value::Time(left), Value::Time(right)) => {
            Value::Duration(left.signed_duration_since(right))
        }
        (Value::Time(time), Value::Duration(span)) => Value::Time(time.checked_sub_signed(*span)?),
        _ => return None,
    })
}

fn negative(inner: Outcome<'_>) -> Result<Outcome<'_>, Fault> {
    let value = match inner.value.as_deref() {
        None => None,
        Some(Value::Null) => Some(Value::Null),
        Some(Value::Int(number)) => Some(Value::Int(number.saturating_neg())),
        Some(Value::Duration(span)) => Some(Value::Duration(-*span)),
        Some(_) => return Err(Fault::Type),
    };
    Ok(inner.with_value(value))
}

fn size(inner: Outcome<'_>) -> Result<Outcome<'_>, Fault> {
    let length = match inner.value.as_deref() {
        None => None,
        Some(Value::Null) => Some(0),
        Some(Value::List(items)) => Some(items.len()),
        Some(Value::Text(text)) => Some(text.len()),
        Some(_) => return Err(Fault::Type),
    };
    let value = length.map(|length| Value::Int(i64::try_from(length).unwrap_or(i64::MAX)));
    Ok(inner.with_value(value))
}

fn text_test(method: Method, text: &Value, part: &Value) -> Option<Value> {
    Some(Value::Bool(match (text, part) {
        (Value::Text(text), Value::Text(part)) => match method {
            Method::StartsWith => text.starts_with(part.as_str()),
            Method::EndsWith => text.ends_with(part.as_str()),
            Method::Contains => text.contains(part.as_str()),
        },
        (Value::Null, _) | (_, Value::Null) => false,
        _ => return None,
    }))
}
