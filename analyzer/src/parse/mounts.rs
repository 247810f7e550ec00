//! Mounted file systems: `/proc/mounts`, `/proc/1/mounts`, `mount`.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::Mount;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "mounts",
    kind: "mounted file systems",
    facts: &[],
    accepts: |entry| match entry.path() {
        Some(path) => [
            "/proc/mounts",
            "/proc/1/mounts",
            "/proc/self/mounts",
            "/etc/mtab",
        ]
        .contains(&path),
        None => {
            entry.may_be_output_of(&["mount"])
                && entry
                    .head()
                    .lines()
                    .take(5)
                    .any(|line| printed(line).is_some())
        }
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    for (line, content) in numbered(&text) {
        let mount = if entry.path().is_some() {
            listed(content)
        } else {
            printed(content).or_else(|| listed(content))
        };
        if let Some(mount) = mount {
            evidence.push(mount, entry.at(line));
        }
    }
}

/// `/dev/vda / ext4 rw,relatime 0 0`
fn listed(line: &str) -> Option<Mount> {
    let mut words = line.split_whitespace();
    let device = words.next()?;
    let mount = words.next().filter(|mount| mount.starts_with('/'))?;
    let kind = words.next()?;
    let options = words.next()?;
    Some(Mount {
        device: device.to_owned(),
        mount: mount.replace("\\040", " "),
        kind: kind.to_owned(),
        read_only: options.split(',').any(|option| option == "ro"),
    })
}

/// `/dev/vda on / type ext4 (rw,relatime)`
fn printed(line: &str) -> Option<Mount> {
    let (device, rest) = line.split_once(" on /")?;
    let (mount, rest) = rest.split_once(" type ")?;
    let (kind, options) = rest.split_once(" (")?;
    let options = options.split(')').next().unwrap_or_default();
    Some(Mount {
        device: device.to_owned(),
        mount: format!("/{mount}"),
        kind: kind.to_owned(),
        read_only: options.split(',').any(|option| option == "ro"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{file, named};

    #[test]
    fn both_forms_tell_what_is_read_only() {
        let evidence = file(
            &PARSER,
            "/proc/mounts",
            "/dev/vda / ext4 ro,relatime 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
        );
        let mounts = evidence.all::<Mount>();
        assert!(mounts[0].value.read_only);
        assert_eq!(mounts[1].value.kind, "cgroup2");
        let evidence = named(
            &PARSER,
            "/dev/sda1 on /var type xfs (rw,errors=remount-ro)\n",
        );
        assert!(!evidence.all::<Mount>()[0].value.read_only);
    }
}
