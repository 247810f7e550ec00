//! systemd unit files and drop-ins, one by one or as `systemctl cat` prints them.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::parser::Parser;
use crate::source::Source;
use crate::systemd::{self, Setting};

/// Reads unit files, drop-ins and the output of `systemctl cat`.
pub const PARSER: Parser = Parser {
    name: "unit_file",
    kind: "systemd unit",
    facts: &[],
    accepts,
    parse,
};

/// A unit file or a drop-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitFile {
    /// Absolute path on the node; `None` where only the text was sent.
    pub path: Option<String>,
    /// The unit that it belongs to: `kubelet.service`; `None` where nothing tells.
    pub unit: Option<String>,
    /// Whether it is a drop-in.
    pub drop_in: bool,
    /// Place in the output of `systemctl cat`, which prints what is loaded, in order; `None` for a copy of a file.
    pub listed: Option<usize>,
    /// Its settings in order.
    pub settings: Vec<Setting>,
}

impl UnitFile {
    /// The settings of one key in a section, in order.
    pub fn all<'a>(&'a self, section: &'a str, key: &'a str) -> impl Iterator<Item = &'a Setting> {
        self.settings
            .iter()
            .filter(move |setting| setting.section == section && setting.key == key)
    }
}

fn accepts(entry: &Entry) -> bool {
    match &entry.source {
        Source::File(path) => belongs(path).is_some() || has_section(entry),
        Source::Command(command) => command.starts_with("systemctl cat"),
        Source::Named(_) => {
            (has_section(entry) || has_exec_start(entry)) && !begins_object(&entry.head())
        }
        _ => false,
    }
}

/// Whether a text is an object of the API: units in it are those of other nodes, too.
fn begins_object(head: &str) -> bool {
    let mut lines = head.lines().take(5);
    lines.any(|line| line.starts_with("apiVersion:") || line.contains("\"apiVersion\""))
}

fn has_section(entry: &Entry) -> bool {
    entry
        .text()
        .lines()
        .take(200)
        .any(|line| matches!(line.trim(), "[Unit]" | "[Service]"))
}

/// A unit file that was posted without its section headings.
fn has_exec_start(entry: &Entry) -> bool {
    entry
        .text()
        .lines()
        .take(50)
        .any(|line| line.starts_with("ExecStart=/"))
}

/// The unit of a path, and whether the file is a drop-in of it; `None` for other paths.
fn belongs(path: &str) -> Option<(String, bool)> {
    let (folder, name) = path.rsplit_once('/')?;
    if !folder.contains("/systemd/") {
        return None;
    }
    if let Some(unit) = folder.rsplit('/').next()?.strip_suffix(".d") {
        let is_read = name.rsplit('.').next() == Some("conf");
        return is_read.then(|| (unit.to_owned(), true));
    }
    name.ends_with(".service").then(|| (name.to_owned(), false))
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let lines: Vec<(u64, &str)> = (1..).zip(text.lines()).collect();
    let sections = headed(&lines);
    if sections.is_empty() {
        let file = unit_file(entry.path(), None, &lines, entry);
        evidence.push(file, entry.whole());
    }
    for (place, (path, lines)) in sections.into_iter().enumerate() {
        let first = lines.first().map_or(1, |(number, _)| *number);
        let file = unit_file(Some(path), Some(place), &lines, entry);
        evidence.push(file, entry.at(first));
    }
}

fn unit_file(
    path: Option<&str>,
    listed: Option<usize>,
    lines: &[(u64, &str)],
    entry: &Entry,
) -> UnitFile {
    let mut settings = systemd::settings(lines);
    if settings.iter().all(|setting| setting.section.is_empty()) {
        for setting in &mut settings {
            "Service".clone_into(&mut setting.section);
        }
    }
    let (unit, drop_in) = match path.and_then(belongs) {
        Some((unit, drop_in)) => (Some(unit), drop_in),
        None => (name_in(entry), entry.name.ends_with(".conf")),
    };
    UnitFile {
        path: path.map(str::to_owned),
        unit,
        drop_in,
        listed,
        settings,
    }
}

/// `kubelet.service` at the end of the entry's name.
fn name_in(entry: &Entry) -> Option<String> {
    let name = entry.name.rsplit('/').next()?;
    let name = name.strip_suffix(".txt").unwrap_or(name);
    name.ends_with(".service").then(|| name.to_owned())
}

/// The parts of `systemctl cat` output, each below a `# /path` heading; empty when there is no heading.
fn headed<'a>(lines: &[(u64, &'a str)]) -> Vec<(&'a str, Vec<(u64, &'a str)>)> {
    let mut parts: Vec<(&str, Vec<(u64, &str)>)> = Vec::new();
    for &(number, line) in lines {
        let heading = line
            .strip_prefix("# /")
            .and_then(|_| line.strip_prefix("# "))
            .filter(|path| belongs(path).is_some());
        if let Some(path) = heading {
            parts.push((path, Vec::new()));
        } else if let Some((_, part)) = parts.last_mut() {
            part.push((number, line));
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: Source, name: &str, text: &str) -> Vec<UnitFile> {
        let entry = Entry {
            name: name.into(),
            source,
            bytes: text.as_bytes().to_vec(),
        };
        assert!(accepts(&entry));
        let mut evidence = Evidence::default();
        parse(&entry, &mut evidence);
        evidence
            .all::<UnitFile>()
            .iter()
            .map(|piece| piece.value.clone())
            .collect()
    }

    #[test]
    fn units_within_an_object_of_the_api_are_not_those_of_the_node() {
        let text = "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    [Service]\n    ExecStart=/usr/bin/kubelet\n";
        let named = |text: &str| Entry {
            name: "x".into(),
            source: Source::Named("x".into()),
            bytes: text.as_bytes().to_vec(),
        };
        assert!(!accepts(&named(text)));
        assert!(accepts(&named("[Service]\nExecStart=/usr/bin/kubelet\n")));
    }

    #[test]
    fn systemctl_cat_is_cut_at_its_headings_and_keeps_line_numbers() {
        let text = "# /lib/systemd/system/kubelet.service\n[Service]\nExecStart=/usr/bin/kubelet\n\n# /etc/systemd/system/kubelet.service.d/10-x.conf\n# /not/a/unit heading\n[Service]\nExecStart=\nExecStart=/usr/bin/kubelet --v=2\n";
        let files = read(
            Source::Command("systemctl cat kubelet".into()),
            "systemctl-cat-kubelet.txt",
            text,
        );
        assert_eq!(files.len(), 2);
        assert_eq!(files[0].unit.as_deref(), Some("kubelet.service"));
        assert!(files[1].drop_in && !files[0].drop_in);
        let lines: Vec<_> = files[1]
            .all("Service", "ExecStart")
            .map(|setting| setting.line)
            .collect();
        assert_eq!(lines, [8, 9]);
    }

    #[test]
    fn a_file_belongs_to_the_unit_of_its_path() {
        let path = "/etc/systemd/system/k3s.service.d/override.conf";
        let files = read(
            Source::File(path.into()),
            path,
            "[Service]\nEnvironment=A=b\n",
        );
        assert_eq!(files[0].unit.as_deref(), Some("k3s.service"));
        assert!(files[0].drop_in);
    }

    #[test]
    fn settings_without_a_heading_belong_to_the_service() {
        let files = read(
            Source::Named("kubelet.service".into()),
            "kubelet.service",
            "ExecStart=/usr/bin/kubelet \\\n --v=2\n",
        );
        assert_eq!(files[0].all("Service", "ExecStart").count(), 1);
        assert_eq!(files[0].unit.as_deref(), Some("kubelet.service"));
    }
}
