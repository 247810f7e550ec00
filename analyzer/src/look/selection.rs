//! Entries that a person names: by beginning, by glob, by path on the node, by unit.

use crate::source::Source;
use regex::Regex;

/// Names that were asked for; every entry when there are none.
#[derive(Debug, Default)]
pub struct Selection(Vec<Asked>);

#[derive(Debug)]
enum Asked {
    /// The beginning of a name, of a path on the node, or a whole unit or command.
    Beginning(String),
    /// A glob; one without `/` is for the last part of a name.
    Glob { form: Regex, last_part: bool },
}

impl Selection {
    /// Reads what was typed: with `*`, `?` or `[…]` it is a glob, in which only `**` crosses a `/`. The error is for the person.
    pub fn new<T: AsRef<str>>(asked: &[T]) -> Result<Self, String> {
        asked
            .iter()
            .map(|asked| Asked::new(asked.as_ref()))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether an entry was asked for.
    pub fn holds(&self, name: &str, source: &Source) -> bool {
        self.0.is_empty() || self.0.iter().any(|asked| asked.is(name, source))
    }

    /// Whether something of the node was asked for that is not stored, by its source as the manifest has it.
    pub fn holds_source(&self, source: &str) -> bool {
        let named = Source::Named(source.to_owned());
        self.holds(source, &named)
    }
}

impl Asked {
    fn new(asked: &str) -> Result<Self, String> {
        if !asked.contains(['*', '?', '[']) {
            return Ok(Self::Beginning(asked.trim_start_matches("./").to_owned()));
        }
        let form = Regex::new(&expression(asked)).map_err(|_error| {
            format!("{asked} is not a glob: close every [ and write * ? or [a-z]")
        })?;
        let last_part = !asked.contains('/');
        Ok(Self::Glob { form, last_part })
    }

    fn is(&self, name: &str, source: &Source) -> bool {
        let of = of(source);
        match self {
            Self::Beginning(asked) => {
                name.starts_with(asked.as_str())
                    || of.is_some_and(|of| of == asked || is_below(of, asked))
            }
            Self::Glob { form, last_part } => {
                let tail = if *last_part {
                    name.rsplit('/').next().unwrap_or(name)
                } else {
                    name
                };
                form.is_match(tail) || of.is_some_and(|of| form.is_match(of))
            }
        }
    }
}

/// The path, unit, command or topic that an entry is a copy of.
pub fn of(source: &Source) -> Option<&str> {
    match source {
        Source::File(text)
        | Source::Command(text)
        | Source::Journal(text)
        | Source::Listing(text)
        | Source::Facts(text)
        | Source::Probe(text) => Some(text),
        Source::Meta(_) | Source::Named(_) => None,
    }
}

fn is_below(path: &str, beginning: &str) -> bool {
    beginning.starts_with('/') && path.starts_with(beginning)
}

/// The regular expression of a glob.
fn expression(glob: &str) -> String {
    let mut out = String::from("^");
    let mut rest = glob.chars().peekable();
    let mut in_class = false;
    while let Some(c) = rest.next() {
        match c {
            ']' if in_class => {
                in_class = false;
                out.push(c);
            }
            '!' if in_class && out.ends_with('[') => out.push('^'),
            '\\' | '[' if in_class => out.extend(['\\', c]),
            c if in_class => out.push(c),
            '[' => {
                in_class = true;
                out.push(c);
            }
            '*' if rest.next_if_eq(&'*').is_some() => out.push_str(".*"),
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            c => out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    out.push('$');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(asked: &str, name: &str, source: &Source) -> bool {
        Selection::new(&[asked]).unwrap().holds(name, source)
    }

    #[test]
    fn entries_are_found_by_name_path_unit_and_glob() {
        let name = "files/etc/kubernetes/kubelet.conf";
        let file = Source::File("/etc/kubernetes/kubelet.conf".into());
        for asked in [
            "files/etc",
            "/etc/kubernetes",
            "*.conf",
            "files/**/*.conf",
            "files/etc/*/kubelet.c?nf",
            "/etc/kubernetes/*",
            "kubelet.[a-c]onf",
            "[!x]ubelet.conf",
        ] {
            assert!(holds(asked, name, &file), "{asked}");
        }
        for asked in [
            "/var",
            "files/*.conf",
            "kubelet",
            "*.con",
            "?",
            "kubelet.[!c]onf",
        ] {
            assert!(!holds(asked, name, &file), "{asked}");
        }
        let unit = Source::Journal("kubelet.service".into());
        assert!(holds(
            "kubelet.service",
            "journal/kubelet.service/0001.log",
            &unit
        ));
        assert!(Selection::default().holds("anything", &unit));
        assert!(Selection::new(&["a[b"]).is_err());
    }
}
