//! Configuration of two nodes side by side: text files by their path on the node.

use super::lines::{Hunk, hunks};
use super::own::Own;
use crate::look::opened::Opened;
use crate::source::Source;
use nodebundle_bundle::Control;
use nodebundle_bundle::reader::ReadError;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Read as _};

/// A file that both have and that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FileDiffers {
    /// Its path on the node, or the command that printed it.
    pub path: String,
    /// Entry of the first.
    pub a: String,
    /// Entry of the second.
    pub b: String,
    /// Where they differ.
    pub hunks: Vec<Hunk>,
}

/// A file that one input has and the other has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Only {
    /// Its path on the node.
    pub path: String,
    /// Whether it is the first that has it.
    pub in_a: bool,
}

/// Configuration of one node.
pub(super) struct Files {
    /// Path → entry and text.
    texts: BTreeMap<String, (String, String)>,
    /// Paths of what is there and cannot be compared: no text, too large, or not readable.
    others: BTreeSet<String>,
}

/// Larger files are no configuration.
const MOST: u64 = 256 << 10;
/// Bytes of all files.
const MOST_IN_ALL: usize = 32 << 20;

impl Files {
    pub(super) fn read(opened: &mut Opened) -> Result<Self, ReadError> {
        let mut files = Self {
            texts: BTreeMap::new(),
            others: BTreeSet::new(),
        };
        let mut held = 0;
        opened.read(&mut |place, body| {
            let Some(path) = configuration(place.source) else {
                return Control::Continue;
            };
            if held < MOST_IN_ALL
                && let Some(text) = text(body)
            {
                held += text.len();
                let file = (place.name.to_owned(), text);
                files.texts.entry(path.to_owned()).or_insert(file);
            } else {
                files.others.insert(path.to_owned());
            }
            Control::Continue
        })?;
        Ok(files)
    }

    fn has(&self, path: &str) -> bool {
        self.texts.contains_key(path) || self.others.contains(path)
    }
}

/// The content of a file that a person writes; `None` where it is none, or cannot be read.
fn text(body: &mut dyn BufRead) -> Option<String> {
    let mut bytes = Vec::new();
    body.take(MOST + 1).read_to_end(&mut bytes).ok()?;
    let is_short = bytes.len() as u64 <= MOST;
    let text = String::from_utf8(bytes).ok().filter(|_| is_short)?;
    (!text.contains('\0') && !text.starts_with("-----BEGIN ")).then_some(text)
}

/// The path of a file that a person writes, or the command that prints such files.
fn configuration(source: &Source) -> Option<&str> {
    const ELSEWHERE: [&str; 6] = ["/proc/", "/sys/", "/var/log/", "/dev/", "/boot/", "/root/"];
    const OWN: [&str; 4] = [
        "/etc/machine-id",
        "/etc/hostname",
        "/etc/adjtime",
        "/etc/mtab",
    ];
    match source {
        Source::File(path) => {
            let elsewhere = ELSEWHERE.iter().any(|folder| path.starts_with(folder))
                || path.contains("/pki/")
                || OWN.contains(&path.as_str());
            (!elsewhere).then_some(path)
        }
        Source::Command(command) => {
            let prints = command.starts_with("systemctl cat") || command.ends_with("config dump");
            prints.then_some(command)
        }
        _ => None,
    }
}

/// Whether it tells something that only one node has this file.
fn matters(path: &str) -> bool {
    [
        "kube",
        "containerd",
        "crio",
        "cni",
        "rancher",
        "docker",
        "systemd",
    ]
    .iter()
    .any(|word| path.contains(word))
}

pub(super) fn compare(
    (a, own_a): (&Files, &Own),
    (b, own_b): (&Files, &Own),
) -> (Vec<FileDiffers>, Vec<Only>) {
    let mut differing = Vec::new();
    for (path, (entry_a, text_a)) in &a.texts {
        let Some((entry_b, text_b)) = b.texts.get(path) else {
            continue;
        };
        if text_a == text_b {
            continue;
        }
        let hunks = hunks(&general(text_a, own_a), &general(text_b, own_b));
        if !hunks.is_empty() {
            differing.push(FileDiffers {
                path: path.clone(),
                a: entry_a.clone(),
                b: entry_b.clone(),
                hunks,
            });
        }
    }
    let only = |one: &Files, other: &Files, in_a| -> Vec<Only> {
        let alone = one.texts.keys().filter(|path| !other.has(path));
        alone
            .filter(|path| matters(path))
            .map(|path| Only {
                path: path.clone(),
                in_a,
            })
            .collect()
    };
    let mut of_one = only(a, b, true);
    of_one.extend(only(b, a, false));
    (differing, of_one)
}

/// Lines as they stand, each with the form in which it is compared.
fn general<'t>(text: &'t str, own: &Own) -> Vec<(&'t str, String)> {
    text.lines()
        .map(|line| (line, own.general(line.trim_end()).into_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(texts: &[&str], others: &[&str]) -> Files {
        let text = |path: &&str| ((*path).to_owned(), ((*path).to_owned(), String::new()));
        Files {
            texts: texts.iter().map(text).collect(),
            others: others.iter().map(|path| (*path).to_owned()).collect(),
        }
    }

    #[test]
    fn a_file_that_is_there_and_cannot_be_read_is_not_missing() {
        let own = Own::none();
        let a = files(&["/etc/kubernetes/a", "/etc/kubernetes/b"], &[]);
        let b = files(&[], &["/etc/kubernetes/a"]);
        let (differing, only) = compare((&a, &own), (&b, &own));
        assert!(differing.is_empty());
        let only: Vec<(&str, bool)> = only
            .iter()
            .map(|one| (one.path.as_str(), one.in_a))
            .collect();
        assert_eq!(only, [("/etc/kubernetes/b", true)]);
    }
}
