//! The entries that one name stands for: a name in the input, a path on the node, a unit, a command.

use super::opened::Opened;
use super::selection::of;
use crate::condition::edits;
use crate::source::Source;
use nodebundle_bundle::reader::ReadError;

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// These entries, in the order of the archive: several for a journal in parts.
    Entries(Vec<String>),
    /// The records of this unit in these raw journal files.
    Unit(String, Vec<String>),
    /// Nothing; these names are near.
    Nothing(Vec<String>),
}

/// Whether an entry of a name and source is meant.
type Meaning<'a> = dyn Fn(&str, &Source) -> bool + 'a;

/// Finds what a name stands for. The closest meaning wins: the entry of that name, the copy of that path, command or topic, the
/// journal of that unit, the parts in that folder, the unit inside raw journals.
pub fn named(opened: &mut Opened, asked: &str) -> Result<Named, ReadError> {
    let sources = opened.entries()?;
    let unit = format!("{asked}.service");
    let folder = format!("{}/", asked.trim_end_matches('/'));
    let meanings: [&Meaning<'_>; 4] = [
        &|name, _| name == asked,
        &|_, source| of(source) == Some(asked),
        &|_, source| matches!(source, Source::Journal(of) if *of == unit),
        &|name, source| name.starts_with(&folder) && matches!(source, Source::Journal(_)),
    ];
    for meaning in meanings {
        let found: Vec<String> = sources
            .iter()
            .filter(|(name, source)| meaning(name, source))
            .map(|(name, _)| name.clone())
            .collect();
        if !found.is_empty() {
            return Ok(Named::Entries(found));
        }
    }
    Ok(in_raw_journals(asked, &sources))
}

fn in_raw_journals(asked: &str, sources: &[(String, Source)]) -> Named {
    let mut files: Vec<String> = sources
        .iter()
        .map(|(name, _)| name)
        .filter(|name| name.ends_with(".journal") || name.ends_with(".journal~"))
        .cloned()
        .collect();
    // The file that is written to holds the newest records, and its name sorts first.
    files.sort_by_key(|name| !name.contains('@'));
    let is_unit = [
        ".service", ".scope", ".socket", ".mount", ".timer", ".slice",
    ]
    .iter()
    .any(|ending| asked.ends_with(ending));
    if !files.is_empty() && (is_unit || !asked.contains(['/', '.'])) {
        let unit = if is_unit {
            asked.to_owned()
        } else {
            format!("{asked}.service")
        };
        return Named::Unit(unit, files);
    }
    Named::Nothing(near(asked, sources))
}

/// Names that may have been meant, the nearest first.
fn near(asked: &str, sources: &[(String, Source)]) -> Vec<String> {
    let wanted = last_part(asked).to_lowercase();
    let stem = wanted.split('.').next().unwrap_or(&wanted);
    let mut near: Vec<(usize, &String)> = sources
        .iter()
        .filter_map(|(name, source)| {
            let own = last_part(name).to_lowercase();
            let unit = matches!(source, Source::Journal(unit) if unit.contains(&*wanted));
            let apart = edits(&wanted, &own);
            let contains = !stem.is_empty() && name.to_lowercase().contains(stem);
            let far = wanted.len().max(own.len()) / 3;
            (unit || contains || apart <= far).then_some((apart, name))
        })
        .collect();
    near.sort();
    near.into_iter()
        .take(MOST_NEAR)
        .map(|(_, name)| name.clone())
        .collect()
}

const MOST_NEAR: usize = 5;

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_keyboard_finds_the_name() {
        assert_eq!(edits("kubelet.conf", "kubelet.conf"), 0);
        assert_eq!(edits("kubelt.conf", "kubelet.conf"), 1);
        assert_eq!(edits("abc", ""), 3);
        let sources: Vec<(String, Source)> = [
            "files/etc/kubernetes/kubelet.conf",
            "files/etc/hosts",
            "files/var/lib/kubelet/config.yaml",
        ]
        .map(|name| (name.to_owned(), Source::Named(name.to_owned())))
        .to_vec();
        assert_eq!(
            near("/etc/kubernetes/kubelt.conf", &sources),
            ["files/etc/kubernetes/kubelet.conf"]
        );
        assert_eq!(near("/etc/host", &sources), ["files/etc/hosts"]);
        assert!(near("zzzzzzzz", &sources).is_empty());
    }
}
