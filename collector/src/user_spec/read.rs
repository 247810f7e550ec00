//! From YAML to items. The first thing that is wrong is told with its place and its key, never with its text.

use super::keys::{COMMON, Key, MAX_ITEMS, MAX_SECONDS, SECTIONS, Section, Shape, USUAL_CAP};
use super::yaml::{self, Located, Place, Value};
use super::{UserItem, What};
use crate::cli;
use crate::spec::Sensitivity;
use crate::web::url::ServerUrl;
use std::collections::BTreeSet;
use std::time::Duration;

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) at: Place,
    pub(super) key: String,
    pub(super) problem: String,
}

type Read<T> = Result<T, Wrong>;

/// All items of a spec, in the order of its sections.
pub(super) fn items(text: &str) -> Read<Vec<UserItem>> {
    let root = yaml::document(text).map_err(|broken| wrong(broken.at, "", broken.why))?;
    let Some(root) = root else {
        return Err(wrong((1, 1), "", "it has no items"));
    };
    let names: Vec<&str> = SECTIONS.iter().map(|section| section.name).collect();
    let sections = Fields::of(&root, "", &[&names[..], &["version"]].concat())?;
    if let Some(version) = sections.find("version")
        && text_of(version, "version")? != "1"
    {
        return Err(wrong(version.at, "version", "this program reads version 1"));
    }
    let mut items = Vec::new();
    for section in SECTIONS {
        let Some(list) = sections.find(section.name) else {
            continue;
        };
        let Value::List(entries) = &list.value else {
            return Err(wrong(
                list.at,
                section.name,
                "it must be a list of items, each with a -",
            ));
        };
        for (at, entry) in entries.iter().enumerate() {
            let key = format!("{}[{}]", section.name, at + 1);
            items.push((entry.at, item(section, entry, &key)?));
        }
    }
    check_all(&items)?;
    Ok(items.into_iter().map(|(_, item)| item).collect())
}

fn check_all(items: &[(Place, UserItem)]) -> Read<()> {
    let mut ids = BTreeSet::new();
    for (number, (at, item)) in items.iter().enumerate() {
        if !ids.insert(&item.id) {
            return Err(wrong(*at, "id", "another item has this id"));
        }
        if number >= MAX_ITEMS {
            return Err(wrong(*at, "", &format!("more than {MAX_ITEMS} items")));
        }
    }
    Ok(())
}

fn item(section: &Section, entry: &Located, key: &str) -> Read<UserItem> {
    let known: Vec<&str> = COMMON
        .iter()
        .chain([&section.own])
        .map(|key| key.name)
        .collect();
    let fields = Fields::of(entry, key, &known)?;
    for Key { name, required, .. } in COMMON.iter().chain([&section.own]) {
        if *required && fields.find(name).is_none() {
            return Err(wrong(entry.at, key, &format!("`{name}` is missing")));
        }
    }
    let mut item = UserItem {
        id: String::new(),
        what: what(section, &fields)?,
        cap: USUAL_CAP,
        timeout: None,
        sensitivity: Sensitivity::Mixed,
        reason: "asked for by the spec".to_owned(),
    };
    for (name, place, value) in fields.texts(COMMON)? {
        let problem = match name {
            "id" if is_id(value) => {
                value.clone_into(&mut item.id);
                continue;
            }
            "id" => "small letters, digits and dashes, at most 63".to_owned(),
            "cap" => match cli::bytes(value) {
                Ok(cap) if (1..=section.most).contains(&cap) => {
                    item.cap = cap;
                    continue;
                }
                _ => format!("a size as in 64KiB, at most {} KiB", section.most >> 10),
            },
            "timeout" => match cli::duration(value) {
                Ok(time) if time.as_secs() <= MAX_SECONDS => {
                    item.timeout = Some(Duration::from_secs(time.as_secs()));
                    continue;
                }
                _ => format!("a time as in 5s, at most {MAX_SECONDS}s"),
            },
            "sensitivity" => match sensitivity(value) {
                Some(known) => {
                    item.sensitivity = known;
                    continue;
                }
                None => "public, identifying or mixed".to_owned(),
            },
            _ => {
                item.reason = value
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(200)
                    .collect();
                continue;
            }
        };
        return Err(wrong(place, &format!("{key}.{name}"), &problem));
    }
    Ok(item)
}

fn what(section: &Section, fields: &Fields<'_>) -> Read<What> {
    let name = section.own.name;
    let key = format!("{}.{name}", fields.key);
    let Some(value) = fields.find(name) else {
        return Err(wrong((1, 1), &key, "missing"));
    };
    if section.own.shape == Shape::Words {
        return argv(value, &key).map(What::Command);
    }
    let text = text_of(value, &key)?;
    let problem = match section.name {
        "files" if text.contains('*') => "a pattern: list it under globs",
        "files" if is_path(text) => return Ok(What::File(text.to_owned())),
        "globs" if !text.contains('*') => "no *: list it under files",
        "globs" if text.contains("**") => {
            "* stays within one name: write one for each folder level"
        }
        "globs" if is_path(text) => return Ok(What::Glob(text.to_owned())),
        "http" if text.contains('@') || text.contains('=') => {
            "no user, password or key=value: nothing secret is ever sent"
        }
        "http" => match ServerUrl::parse(text) {
            Some(_) if text.contains("://") => return Ok(What::Http(text.to_owned())),
            _ => "a URL as in http://127.0.0.1:8080/health",
        },
        _ => "an absolute path without . and ..",
    };
    Err(wrong(value.at, &key, problem))
}

fn argv(value: &Located, key: &str) -> Read<Vec<String>> {
    let Value::List(words) = &value.value else {
        return Err(wrong(
            value.at,
            key,
            "a list, as in [/usr/bin/uptime, -p]; there is no shell",
        ));
    };
    let words = words
        .iter()
        .map(|word| text_of(word, key).map(str::to_owned));
    let words: Vec<String> = words.collect::<Read<_>>()?;
    match words.first() {
        Some(program) if is_path(program) => Ok(words),
        _ => Err(wrong(
            value.at,
            key,
            "the program by its absolute path comes first",
        )),
    }
}

fn is_id(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&text.len()) && text.chars().all(fits) && !text.starts_with('-')
}

fn is_path(text: &str) -> bool {
    let parts = text.split('/').skip(1);
    text.starts_with('/')
        && text.len() < 4096
        && !text.chars().any(char::is_control)
        && parts.clone().all(|part| !matches!(part, "" | "." | ".."))
}

fn sensitivity(word: &str) -> Option<Sensitivity> {
    [
        Sensitivity::Public,
        Sensitivity::Identifying,
        Sensitivity::Mixed,
    ]
    .into_iter()
    .find(|known| known.as_str() == word)
}

/// The entries of one map, all of them known.
struct Fields<'y> {
    key: String,
    entries: &'y [(yaml::Key, Located)],
}

impl<'y> Fields<'y> {
    fn of(node: &'y Located, key: &str, known: &[&str]) -> Read<Self> {
        let Value::Map(entries) = &node.value else {
            return Err(wrong(
                node.at,
                key,
                &format!("it must have keys: {}", known.join(", ")),
            ));
        };
        let mut seen = BTreeSet::new();
        for (found, _) in entries {
            let name = printable(&found.name);
            let path = [key, name].join(if key.is_empty() { "" } else { "." });
            if !known.contains(&found.name.as_str()) {
                return Err(wrong(found.at, &path, &unknown(&found.name, known)));
            }
            if !seen.insert(&found.name) {
                return Err(wrong(found.at, &path, "it stands here twice"));
            }
        }
        Ok(Self {
            key: key.to_owned(),
            entries,
        })
    }

    fn find(&self, name: &str) -> Option<&'y Located> {
        let mut entries = self.entries.iter();
        entries
            .find(|(key, _)| key.name == name)
            .map(|(_, value)| value)
    }

    /// Name, place and text of those keys that are there.
    fn texts(&self, keys: &[Key]) -> Read<Vec<(&'static str, Place, &'y str)>> {
        let mut texts = Vec::new();
        for Key { name, .. } in keys {
            if let Some(value) = self.find(name) {
                let text = text_of(value, &format!("{}.{name}", self.key))?;
                texts.push((*name, value.at, text));
            }
        }
        Ok(texts)
    }
}

fn text_of<'y>(value: &'y Located, key: &str) -> Read<&'y str> {
    match &value.value {
        Value::Text(text) => Ok(text),
        _ => Err(wrong(value.at, key, "it must be plain text")),
    }
}

/// A word is told as it is; anything else could be the content of a file that is no spec.
fn printable(name: &str) -> &str {
    let fits = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '-');
    if name.len() <= 20 && name.chars().all(fits) {
        name
    } else {
        "?"
    }
}

fn unknown(name: &str, known: &[&str]) -> String {
    let near = known.iter().min_by_key(|known| distance(name, known));
    match near.filter(|near| distance(name, near) <= 2) {
        Some(near) => format!("unknown key; did you mean `{near}`?"),
        None => format!("unknown key; there are {}", known.join(", ")),
    }
}

/// Letters to add, drop or change.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().take(40).enumerate() {
        let mut before = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (to, above) in b.iter().zip(row.iter().skip(1)) {
            left = (before + usize::from(from != *to))
                .min(left + 1)
                .min(above + 1);
            before = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

fn wrong(at: Place, key: &str, problem: &str) -> Wrong {
    Wrong {
        at,
        key: key.to_owned(),
        problem: problem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "\
version: 1
files:
- {id: app, path: /etc/app.yaml, cap: 64KiB, timeout: 5s, sensitivity: public, reason: its settings}
globs:
- {id: logs, pattern: /var/log/app/*.log}
commands:
- {id: status, argv: [/usr/bin/appctl, status]}
http:
- {id: health, url: 'http://127.0.0.1:8080/health'}
";

    fn problem(text: &str) -> (Place, String, String) {
        let wrong = items(text).unwrap_err();
        (wrong.at, wrong.key, wrong.problem)
    }

    #[test]
    fn all_four_sections_are_read() {
        let items = items(WHOLE).unwrap();
        assert_eq!(items.len(), 4);
        assert_eq!(items[0].cap, 64 << 10);
        assert_eq!(items[0].timeout, Some(Duration::from_secs(5)));
        assert_eq!(items[0].sensitivity, Sensitivity::Public);
        assert_eq!(items[1].what, What::Glob("/var/log/app/*.log".to_owned()));
        assert_eq!(items[1].cap, USUAL_CAP);
        assert_eq!(items[2].describe(), "command: /usr/bin/appctl status");
        assert_eq!(items[3].kind(), "user-http");
    }

    #[test]
    fn an_unknown_key_gets_a_suggestion() {
        let (at, key, problem) = problem("files:\n- id: a\n  Path: /a\n");
        assert_eq!((at, key.as_str()), ((3, 3), "files[1].Path"));
        assert!(problem.contains("`path`"), "{problem}");
        assert!(problem_of_key("fils: []\n").contains("`files`"));
        assert!(problem_of_key("hosts: []\n").contains("files, globs"));
    }

    fn problem_of_key(text: &str) -> String {
        problem(text).2
    }

    #[test]
    fn the_content_of_another_file_is_never_told() {
        let (_, key, problem) = problem("root:$6$salt$hash:19000: x\n");
        assert!(
            !format!("{key}{problem}").contains("salt"),
            "{key} {problem}"
        );
        let (_, _, problem) = self::problem("files:\n- {id: a, path: hunter2}\n");
        assert!(!problem.contains("hunter2"));
    }

    #[test]
    fn what_cannot_be_done_is_said_at_its_place() {
        for (text, words) in [
            ("", "no items"),
            ("- a\n", "must have keys"),
            ("files: /etc/a\n", "list of items"),
            ("files:\n- {path: /etc/a}\n", "`id` is missing"),
            ("files:\n- {id: a}\n", "`path` is missing"),
            ("files:\n- {id: A, path: /a}\n", "small letters"),
            ("files:\n- {id: a, path: /a, path: /b}\n", "twice"),
            (
                "files:\n- {id: a, path: /a}\n- {id: a, path: /b}\n",
                "another item",
            ),
            ("files:\n- {id: a, path: /a/../b}\n", "absolute path"),
            ("files:\n- {id: a, path: '/a*'}\n", "under globs"),
            ("globs:\n- {id: a, pattern: '/a/**/b'}\n", "one name"),
            ("globs:\n- {id: a, pattern: /a}\n", "under files"),
            (
                "files:\n- {id: a, path: /a, cap: 1GiB}\n",
                "at most 4096 KiB",
            ),
            ("files:\n- {id: a, path: /a, cap: 0}\n", "64KiB"),
            ("files:\n- {id: a, path: /a, timeout: 10m}\n", "at most 60s"),
            (
                "files:\n- {id: a, path: /a, sensitivity: secret}\n",
                "mixed",
            ),
            ("commands:\n- {id: a, argv: uptime -p}\n", "no shell"),
            (
                "commands:\n- {id: a, argv: [uptime]}\n",
                "absolute path comes first",
            ),
            (
                "http:\n- {id: a, url: 'https://u:p@h/'}\n",
                "nothing secret",
            ),
            (
                "http:\n- {id: a, url: 'https://h/?token=x'}\n",
                "nothing secret",
            ),
            ("http:\n- {id: a, url: 'ftp://h/'}\n", "a URL as in"),
            ("version: 2\n", "version 1"),
        ] {
            let (_, _, problem) = problem(text);
            assert!(problem.contains(words), "{text}: {problem}");
        }
    }

    #[test]
    fn letters_between_words_are_counted() {
        assert_eq!(distance("pth", "path"), 1);
        assert_eq!(distance("path", "path"), 0);
        assert_eq!(distance("", "cap"), 3);
        assert_eq!(distance("pahtt", "path"), 2);
    }
}
