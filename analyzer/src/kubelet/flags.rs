//! Command line flags as the kubelet's parser reads them.

use super::versions::{self, FlagKind};
use crate::origin::Origin;

/// One flag as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Name without dashes; empty for a word that is no flag.
    pub name: String,
    /// Its value; `true` for a boolean flag that stands alone.
    pub value: String,
    /// Where it was read.
    pub origin: Origin,
}

/// The flags among arguments; the program is not among them.
pub fn parse(arguments: &[(String, Origin)]) -> Vec<Given> {
    let mut given = Vec::new();
    let mut rest = arguments.iter().peekable();
    while let Some((word, origin)) = rest.next() {
        let mut note = |name: &str, value: String| {
            given.push(Given {
                name: name.to_owned(),
                value,
                origin: origin.clone(),
            });
        };
        let Some((name, value)) = split(word) else {
            note("", word.clone());
            continue;
        };
        if let Some(value) = value {
            note(&name, value.to_owned());
        } else if takes_next(&name) {
            let value = rest
                .next_if(|(next, _)| known(&name) || !next.starts_with('-'))
                .map(|(next, _)| next.clone());
            note(&name, value.unwrap_or_default());
        } else {
            note(&name, "true".to_owned());
        }
    }
    given
}

/// Name and value of `--name=value`, `--name`, `-v2`; `None` for a word that is no flag.
fn split(word: &str) -> Option<(String, Option<&str>)> {
    if let Some(short) = word.strip_prefix("-v") {
        let value = short.strip_prefix('=').unwrap_or(short);
        let is_level = value.chars().all(|digit| digit.is_ascii_digit());
        if is_level {
            return Some(("v".to_owned(), (!value.is_empty()).then_some(value)));
        }
    }
    let bare = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
    let (name, value) = match bare.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (bare, None),
    };
    Some((name.replace('_', "-"), value))
}

fn known(name: &str) -> bool {
    versions::flag(name).is_some()
}

fn takes_next(name: &str) -> bool {
    versions::flag(name).is_none_or(|flag| flag.kind != FlagKind::Bool)
}

/// The value that counts for a flag, with the places of all its uses; lists and maps add up. `None` when it is not given.
pub fn value(given: &[Given], name: &str) -> Option<(String, Vec<Origin>)> {
    let uses: Vec<&Given> = given.iter().filter(|one| one.name == name).collect();
    let last = uses.last()?;
    let adds_up = versions::flag(name)
        .is_some_and(|flag| matches!(flag.kind, FlagKind::List | FlagKind::Map));
    if adds_up {
        let all: Vec<&str> = uses.iter().map(|one| one.value.as_str()).collect();
        let origins = uses.iter().map(|one| one.origin.clone()).collect();
        return Some((all.join(","), origins));
    }
    Some((last.value.clone(), vec![last.origin.clone()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(words: &[&str]) -> Vec<Given> {
        let words: Vec<_> = words
            .iter()
            .map(|&word| (word.to_owned(), Origin::entry("ps.txt")))
            .collect();
        parse(&words)
    }

    fn pairs(words: &[&str]) -> Vec<(String, String)> {
        given(words)
            .into_iter()
            .map(|one| (one.name, one.value))
            .collect()
    }

    #[test]
    fn every_way_to_write_a_flag() {
        let expected = [
            ("v", "2"),
            ("config", "/c"),
            ("fail-swap-on", "true"),
            ("", "stray"),
            ("node-ip", "10.0.0.1"),
            ("v", "4"),
            ("no-such", "x"),
            ("other", ""),
            ("root-dir", "/r"),
        ];
        assert_eq!(
            pairs(&[
                "-v2",
                "--config=/c",
                "--fail-swap-on",
                "stray",
                "--node_ip",
                "10.0.0.1",
                "-v",
                "4",
                "--no-such",
                "x",
                "--other",
                "--root-dir",
                "/r",
            ]),
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn lists_add_up_and_single_values_do_not() {
        let given = given(&[
            "--node-labels=a=b",
            "--node-labels=c=d",
            "--cert-dir=/a",
            "--cert-dir=/b",
        ]);
        assert_eq!(value(&given, "node-labels").unwrap().0, "a=b,c=d");
        assert_eq!(value(&given, "cert-dir").unwrap().0, "/b");
        assert!(value(&given, "config").is_none());
    }
}
