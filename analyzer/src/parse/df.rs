//! Output of `df` and `df -i`.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::observed::Space;
use crate::parser::Parser;

pub(super) const PARSER: Parser = Parser {
    name: "df",
    kind: "output of df",
    facts: &[],
    accepts: |entry| {
        entry.may_be_output_of(&["df"])
            && entry
                .head()
                .lines()
                .take(3)
                .any(|line| Table::of(line).is_some())
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut table = None;
    let mut broken: Option<String> = None;
    for (line, content) in numbered(&text) {
        if let Some(header) = Table::of(content) {
            table = Some(header);
            continue;
        }
        let Some(table) = &table else { continue };
        // A long device name stands on a line of its own.
        let whole = match broken.take() {
            Some(device) => format!("{device} {content}"),
            None => content.to_owned(),
        };
        if let Some(space) = table.row(&whole) {
            evidence.push(space, entry.at(line));
        } else if whole.split_whitespace().count() == 1 {
            broken = Some(whole);
        }
    }
}

struct Table {
    /// Whether a column with the type stands behind the device.
    typed: bool,
    inodes: bool,
    /// Bytes that a bare number counts.
    unit: i64,
}

impl Table {
    fn of(header: &str) -> Option<Self> {
        if !header.starts_with("Filesystem") || !header.contains("Mounted on") {
            return None;
        }
        let unit = if header.contains("1K-blocks") || header.contains("1024-blocks") {
            1 << 10
        } else if header.contains("1M-blocks") {
            1 << 20
        } else {
            1
        };
        Some(Self {
            typed: header.split_whitespace().nth(1) == Some("Type"),
            inodes: header.contains("IUse%"),
            unit,
        })
    }

    fn row(&self, line: &str) -> Option<Space> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let first = usize::from(self.typed) + 1;
        let percent = words.get(first + 3)?.strip_suffix('%')?.parse().ok();
        let mount = words.get(first + 4..)?.join(" ");
        let size = words.get(first)?;
        let size = match size.parse::<i64>() {
            Ok(number) => number.checked_mul(self.unit),
            Err(_) => crate::quantity::bytes(size),
        };
        let space = Space {
            mount,
            device: (*words.first()?).to_owned(),
            ..Space::default()
        };
        Some(if self.inodes {
            Space {
                inodes_percent: percent,
                ..space
            }
        } else {
            Space {
                size,
                used_percent: percent,
                ..space
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::named;

    #[test]
    fn space_and_inodes_are_percent() {
        let evidence = named(
            &PARSER,
            "Filesystem      Size  Used Avail Use% Mounted on\n/dev/vda        252G   32G   60G  35% /\n/dev/mapper/a-very-long-name\n   10M 10M 0 100% /var/lib/kubelet\n",
        );
        let spaces = evidence.all::<Space>();
        assert_eq!(
            (spaces[0].value.used_percent, spaces[0].value.size),
            (Some(35), Some(252 << 30))
        );
        assert_eq!(
            (spaces[1].value.used_percent, spaces[1].origin.line),
            (Some(100), Some(4))
        );
        let evidence = named(
            &PARSER,
            "Filesystem Type Inodes IUsed IFree IUse% Mounted on\n/dev/vda ext4 16777216 797164 15980052 5% /\nproc proc 0 0 0 - /proc\n",
        );
        let spaces = evidence.all::<Space>();
        assert_eq!((spaces.len(), spaces[0].value.inodes_percent), (1, Some(5)));
    }
}
