//! Texts of rules with `{variable}` in them.
//!
//! A variable is lower-case letters, digits and `_`; any other brace is an ordinary character, so `${VAR}`, `%{time_total}` and
//! `{print $1}` may stand in commands.

/// A piece of a template.
enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

/// The variables of a template, in order.
pub fn variables(template: &str) -> Vec<&str> {
    pieces(template)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Variable(name) => Some(name),
            Piece::Text(_) => None,
        })
        .collect()
}

/// The template with its variables filled in; one without a value becomes `<name>`.
pub fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    pieces(template)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Variable(name) => value(name).unwrap_or_else(|| format!("<{name}>")),
        })
        .collect()
}

fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let name = after.split_once('}').map(|(name, _)| name);
        let end = rest.len() - after.len();
        if let Some(name) = name.filter(|name| is_variable(name) && !before.ends_with(['$', '%'])) {
            pieces.push(Piece::Text(before));
            pieces.push(Piece::Variable(name));
            rest = after.get(name.len() + 1..).unwrap_or_default();
        } else {
            pieces.push(Piece::Text(rest.get(..end).unwrap_or_default()));
            rest = after;
        }
    }
    pieces.push(Piece::Text(rest));
    pieces
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
}
