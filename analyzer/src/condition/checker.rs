//! Types of a condition, checked once when the rule is loaded.

use super::error::{Error, did_you_mean};
use super::names::{Local, Names, Ty, type_of};
use super::syntax::{Expr, Kind, Operator, Query};

/// Type of the expression; unlike types, undeclared facts and unknown rules are errors.
pub(super) fn check(expr: &Expr, names: &Names<'_>, locals: &mut Vec<Local>) -> Result<Ty, Error> {
    match &expr.kind {
        Kind::Null => Ok(Ty::Null),
        Kind::Bool(_) => Ok(Ty::Bool),
        Kind::Int(_) => Ok(Ty::Int),
        Kind::Text(_) => Ok(Ty::Text),
        Kind::Duration(_) => Ok(Ty::Duration),
        Kind::Version(_) => Ok(Ty::Version),
        Kind::Name(name) => type_of(name, expr.at, names, locals),
        Kind::List(items) => list(items, names, locals),
        Kind::Not(inner) => want(inner, &[Ty::Bool], names, locals),
        Kind::Negative(inner) => want(inner, &[Ty::Int, Ty::Duration], names, locals),
        Kind::Size(inner) => size(inner, names, locals),
        Kind::Method(_, receiver, argument) => {
            want(receiver, &[Ty::Text], names, locals)?;
            want(argument, &[Ty::Text], names, locals)?;
            Ok(Ty::Bool)
        }
        Kind::Binary(operator, left, right) => {
            let left_ty = check(left, names, locals)?;
            let right_ty = check(right, names, locals)?;
            binary(*operator, &left_ty, &right_ty)
                .ok_or_else(|| unlike(expr.at, *operator, &left_ty, &right_ty))
        }
        Kind::Fold {
            list, item, body, ..
        } => fold(list, item, body, names, locals),
        Kind::Query(query, id) => rule_query(*query, id, expr.at, names),
    }
}

/// The expression must have one of these types; null passes, as an unset fact would.
pub(super) fn want(
    expr: &Expr,
    wanted: &[Ty],
    names: &Names<'_>,
    locals: &mut Vec<Local>,
) -> Result<Ty, Error> {
    let ty = check(expr, names, locals)?;
    if wanted.contains(&ty) {
        return Ok(ty);
    }
    let words: Vec<String> = wanted.iter().map(Ty::words).collect();
    Err(Error::new(
        expr.at,
        format!(
            "this is {}, but {} is needed",
            ty.words(),
            words.join(" or ")
        ),
    ))
}

fn list(items: &[Expr], names: &Names<'_>, locals: &mut Vec<Local>) -> Result<Ty, Error> {
    let mut kind = None;
    for item in items {
        let ty = want(item, &[Ty::Text, Ty::Int], names, locals)?;
        if kind.get_or_insert_with(|| ty.clone()) != &ty {
            return Err(Error::new(item.at, "the items of a list must be alike"));
        }
    }
    Ok(if kind == Some(Ty::Int) {
        Ty::Ints
    } else {
        Ty::Texts
    })
}

fn size(inner: &Expr, names: &Names<'_>, locals: &mut Vec<Local>) -> Result<Ty, Error> {
    let ty = check(inner, names, locals)?;
    if ty == Ty::Text || ty.item().is_some() {
        return Ok(Ty::Int);
    }
    Err(Error::new(
        inner.at,
        format!("{} has no size; a list or a text has", ty.words()),
    ))
}

fn fold(
    list: &Expr,
    item: &str,
    body: &Expr,
    names: &Names<'_>,
    locals: &mut Vec<Local>,
) -> Result<Ty, Error> {
    if matches!(list.kind, Kind::List(_)) {
        return Err(Error::new(
            list.at,
            "only the list of a fact can be gone through",
        ));
    }
    let list_ty = check(list, names, locals)?;
    let item_ty = list_ty
        .item()
        .ok_or_else(|| Error::new(list.at, format!("{} is not a list", list_ty.words())))?;
    locals.push((item.to_owned(), item_ty));
    let checked = want(body, &[Ty::Bool], names, locals);
    locals.pop();
    checked
}

fn binary(operator: Operator, left: &Ty, right: &Ty) -> Option<Ty> {
    match operator {
        Operator::And | Operator::Or => {
            (*left == Ty::Bool && *right == Ty::Bool).then_some(Ty::Bool)
        }
        Operator::Equal | Operator::NotEqual => {
            (left == right || *left == Ty::Null || *right == Ty::Null).then_some(Ty::Bool)
        }
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
            let ordered = [Ty::Int, Ty::Time, Ty::Duration, Ty::Version];
            (left == right && ordered.contains(left)).then_some(Ty::Bool)
        }
        Operator::In => (right.item().as_ref() == Some(left)).then_some(Ty::Bool),
        Operator::Plus => match (left, right) {
            (Ty::Int, Ty::Int) => Some(Ty::Int),
            (Ty::Duration, Ty::Duration) => Some(Ty::Duration),
            (Ty::Time, Ty::Duration) | (Ty::Duration, Ty::Time) => Some(Ty::Time),
            _ => None,
        },
        Operator::Minus => match (left, right) {
            (Ty::Int, Ty::Int) => Some(Ty::Int),
            (Ty::Duration, Ty::Duration) | (Ty::Time, Ty::Time) => Some(Ty::Duration),
            (Ty::Time, Ty::Duration) => Some(Ty::Time),
            _ => None,
        },
    }
}

fn unlike(at: usize, operator: Operator, left: &Ty, right: &Ty) -> Error {
    let hint = match (left, right) {
        (Ty::Version, Ty::Text) | (Ty::Text, Ty::Version) => "; write version('1.24')",
        (Ty::Duration, Ty::Text | Ty::Int) | (Ty::Text | Ty::Int, Ty::Duration) => {
            "; write duration('24h')"
        }
        _ => "",
    };
    Error::new(
        at,
        format!(
            "`{}` cannot be asked of {} and {}{hint}",
            operator.sign(),
            left.words(),
            right.words()
        ),
    )
}

fn rule_query(query: Query, id: &str, at: usize, names: &Names<'_>) -> Result<Ty, Error> {
    if !names.rules.contains(id) {
        let hint = did_you_mean(id, names.rules.iter().copied())
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        return Err(Error::new(at, format!("no rule has the id `{id}`{hint}")));
    }
    Ok(match query {
        Query::Seen | Query::Present => Ty::Bool,
        Query::Count => Ty::Int,
        Query::First | Query::Last => Ty::Time,
    })
}
