//! Fields of a kubelet configuration that its version does not have, and values of a type that it does not take.

use super::versions::{self, FieldKind};
use crate::tree::{Node, Value};
use crate::version::Version;

/// Something that is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Dotted path of the field.
    pub path: String,
    /// Its line.
    pub line: u64,
}

/// Fields that no configuration of this version has: misspelt, misplaced or too new. An unknown version has all of them.
/// `None` for a kubelet newer than the table.
pub fn unknown(root: &Node, version: Option<Version>) -> Option<Vec<Misfit>> {
    if version.is_some_and(versions::is_too_new) {
        return None;
    }
    let mut found = Vec::new();
    walk(root, "", &mut |path, line, _| {
        let known = versions::field(path).is_some_and(|field| {
            version.is_none_or(|version| versions::has(version, field.since, None))
        });
        if !known {
            found.push(Misfit {
                path: path.to_owned(),
                line,
            });
        }
    });
    Some(found)
}

/// Fields whose value the kubelet cannot take, which keeps it from starting.
pub fn wrong_types(root: &Node) -> Vec<Misfit> {
    let mut found = Vec::new();
    walk(root, "", &mut |path, line, node| {
        let fits = versions::field(path).is_none_or(|field| fits(field.kind, node));
        if !fits {
            found.push(Misfit {
                path: path.to_owned(),
                line,
            });
        }
    });
    found
}

/// Visits each field with its path and the line of its key; what stands below a field that is no group is not visited.
fn walk(node: &Node, above: &str, visit: &mut dyn FnMut(&str, u64, &Node)) {
    for pair in node.pairs() {
        let path = match above {
            "" => pair.key.clone(),
            _ => format!("{above}.{}", pair.key),
        };
        visit(&path, pair.line, &pair.value);
        if versions::field(&path).is_some_and(|field| field.kind == FieldKind::Group) {
            walk(&pair.value, &path, visit);
        }
    }
}

fn fits(kind: FieldKind, node: &Node) -> bool {
    let value = &node.value;
    if matches!(value, Value::Null) {
        return true;
    }
    match kind {
        FieldKind::Bool => matches!(value, Value::Bool(_)),
        FieldKind::Int => match value {
            Value::Int(_) => true,
            Value::Float(number) => number.fract() == 0.0,
            _ => false,
        },
        FieldKind::Float => matches!(value, Value::Int(_) | Value::Float(_)),
        FieldKind::Text => matches!(value, Value::Text(_)),
        FieldKind::Duration => matches!(value, Value::Text(text) if is_duration(text)),
        FieldKind::Texts => match value {
            Value::List(items) => items.iter().all(|item| fits(FieldKind::Text, item)),
            _ => false,
        },
        FieldKind::Map => all_values(node, FieldKind::Text),
        FieldKind::Bools => all_values(node, FieldKind::Bool),
        FieldKind::Group => matches!(value, Value::Map(_)),
        FieldKind::Any => true,
    }
}

/// Whether Go reads a text as a span: `0`, or numbers each with a unit, the largest being hours.
fn is_duration(text: &str) -> bool {
    const UNITS: &[&str] = &["ns", "us", "µs", "ms", "s", "m", "h"];
    let mut rest = text.trim_start_matches(['-', '+']);
    if rest == "0" {
        return true;
    }
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let mut parts = 0;
    while rest.starts_with(is_number) {
        rest = rest.trim_start_matches(is_number);
        let end = rest.find(is_number).unwrap_or(rest.len());
        let (unit, next) = rest.split_at_checked(end).unwrap_or_default();
        if !UNITS.contains(&unit) {
            return false;
        }
        rest = next;
        parts += 1;
    }
    parts > 0 && rest.is_empty()
}

fn all_values(node: &Node, kind: FieldKind) -> bool {
    matches!(node.value, Value::Map(_)) && node.pairs().iter().all(|pair| fits(kind, &pair.value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn root(text: &str) -> Node {
        yaml::parse(text).unwrap().root
    }

    fn paths(misfits: Vec<Misfit>) -> Vec<(String, u64)> {
        misfits
            .into_iter()
            .map(|misfit| (misfit.path, misfit.line))
            .collect()
    }

    #[test]
    fn misspelt_and_misplaced_fields_are_found_with_their_lines() {
        let root = root(
            "kind: KubeletConfiguration\nauthentication:\n  x509:\n    clientCA: /x\nmaxPod: 1\nlogging:\n  anything: 1\nevictionHard:\n  memory.available: 1Gi\n",
        );
        assert_eq!(
            paths(unknown(&root, None).unwrap()),
            [
                ("authentication.x509.clientCA".to_owned(), 4),
                ("maxPod".to_owned(), 5)
            ]
        );
    }

    #[test]
    fn a_field_newer_than_the_kubelet_is_unknown_to_it() {
        let root = root("podLogsDir: /x\n");
        let unknown_to =
            |version: &str| unknown(&root, Some(version.parse().unwrap())).map(|found| found.len());
        assert_eq!(unknown_to("1.29.0"), Some(1));
        assert_eq!(unknown_to("1.30.0"), Some(0));
        assert_eq!(unknown_to("1.99.0"), None);
    }

    #[test]
    fn values_of_a_wrong_type_are_found() {
        let root = root(
            "maxPods: \"110\"\nfailSwapOn: \"false\"\nclusterDNS: 10.96.0.10\nevictionHard: {memory.available: 5}\nsyncFrequency: 60\nhttpCheckFrequency: 1d\nfileCheckFrequency: 1m0.5s\nfeatureGates: {A: true}\nport: 10250\ncgroupDriver:\nauthentication: 1\n",
        );
        let found: Vec<_> = wrong_types(&root).into_iter().map(|it| it.line).collect();
        assert_eq!(found, [1, 2, 3, 4, 5, 6, 11]);
    }
}
