//! Texts of rules with `{variable}` in them.
//!
//! A variable is lower-case letters, digits and `_`; any other brace is an ordinary character, so `${VAR}`, `%{time_total}` and
//! `{print $1}` may stand in commands. `{dir|the CNI folder}` says the words behind the bar where the variable has no value.

/// A piece of a template.
enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str, Option<&'a str>),
}

/// The variables of a template, in order.
pub fn variables(template: &str) -> Vec<&str> {
    pieces(template)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Variable(name, _) => Some(name),
            Piece::Text(_) => None,
        })
        .collect()
}

/// The template with its variables filled in; one without a value becomes its own words, or `<name>` when it has none. What a cut line
/// leaves around a value is no part of it.
pub fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let value = |name: &str| {
        let value = value(name)?.trim().to_owned();
        (!value.is_empty()).then_some(value)
    };
    pieces(template)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Variable(name, words) => value(name)
                .unwrap_or_else(|| words.map_or_else(|| format!("<{name}>"), ToOwned::to_owned)),
        })
        .collect()
}

fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let end = rest.len() - after.len();
        let variable = after
            .split_once('}')
            .map(|(inside, behind)| (parts(inside), behind))
            .filter(|((name, _), _)| is_variable(name) && !before.ends_with(['$', '%']));
        if let Some(((name, words), behind)) = variable {
            pieces.push(Piece::Text(before));
            pieces.push(Piece::Variable(name, words));
            rest = behind;
        } else {
            pieces.push(Piece::Text(rest.get(..end).unwrap_or_default()));
            rest = after;
        }
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// A variable's name, and the words for when it has no value.
fn parts(inside: &str) -> (&str, Option<&str>) {
    inside
        .split_once('|')
        .map_or((inside, None), |(name, words)| (name, Some(words)))
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_and_other_braces_stay() {
        let filled = fill("run {a} for ${HOME} {print $1} {b} {", |name| {
            (name == "a").then(|| "x".to_owned())
        });
        assert_eq!(filled, "run x for ${HOME} {print $1} <b> {");
        assert_eq!(variables("{a}{b} {C} ${c}"), ["a", "b"]);
    }

    #[test]
    fn a_variable_without_a_value_is_said_in_its_own_words() {
        let none = fill("looked in {dir|the CNI folder}", |_| None);
        assert_eq!(none, "looked in the CNI folder");
        let some = fill("looked in {dir|the CNI folder}", |_| {
            Some("/etc/cni".to_owned())
        });
        assert_eq!(some, "looked in /etc/cni");
        let cut = |value: &'static str| {
            fill("because: {why|the line is cut}.", move |_| {
                Some(value.to_owned())
            })
        };
        assert_eq!(cut("No such "), "because: No such.");
        assert_eq!(cut(" "), "because: the line is cut.");
        assert_eq!(variables("{dir|the CNI folder}"), ["dir"]);
    }
}
