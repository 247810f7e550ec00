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
        entry.may_be_output_of(&["df", "talosctl"])
            && (entry.text().lines().any(|line| Table::of(line).is_some())
                || entry.command().is_some()
                    && Table::PLAIN.row(entry.first_line().1.as_str()).is_some())
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    // Without its heading, as behind `grep ^/`.
    let headed = text.lines().any(|line| Table::of(line).is_some());
    let mut table = (!headed).then_some(Table::PLAIN);
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
    /// Of `talosctl mounts`.
    talos: bool,
    /// Whether a column with the type stands behind the device.
    typed: bool,
    inodes: bool,
    /// Bytes that a bare number counts.
    unit: i64,
}

impl Table {
    /// `df -h`.
    const PLAIN: Self = Self {
        talos: false,
        typed: false,
        inodes: false,
        unit: 1,
    };

    fn of(header: &str) -> Option<Self> {
        if header.contains("SIZE(GB)") && header.ends_with("MOUNTED ON") {
            return Some(Self {
                talos: true,
                unit: 1_000_000_000,
                ..Self::PLAIN
            });
        }
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
            talos: false,
            typed: header.split_whitespace().nth(1) == Some("Type"),
            inodes: header.contains("IUse%"),
            unit,
        })
    }

    fn row(&self, line: &str) -> Option<Space> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let first = usize::from(self.typed) + 1;
        let percent = words.get(first + 3)?.strip_suffix('%')?;
        let whole = percent.split_once('.').filter(|_| self.talos);
        let percent = whole.map_or(percent, |(whole, _)| whole).parse().ok();
        let mount = words.get(first + 4..)?.join(" ");
        let size = words.get(first)?;
        let size = match size.parse::<i64>() {
            Ok(number) => number.checked_mul(self.unit),
            // Of a size in parts of a unit only the percentage is of use.
            Err(_) if self.talos => None,
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
    fn a_table_below_another_output_and_one_without_heading_are_read() {
        let below = named(
            &PARSER,
            "/dev/vda on / type ext4 (rw)\nproc on /proc type proc (rw)\na on /b type c (d)\n\nFilesystem Size Used Avail Use% Mounted on\n/dev/vda 252G 32G 60G 35% /\n",
        );
        let spaces = below.all::<Space>();
        assert_eq!((spaces.len(), spaces[0].value.used_percent), (1, Some(35)));
        let bare = crate::testing::command(&PARSER, "df -h", "/dev/sda1 78G 77G 1G 99% /\n");
        assert_eq!(bare.all::<Space>()[0].value.used_percent, Some(99));
    }

    #[test]
    fn mounts_of_talos_are_read() {
        let text = "FILESYSTEM   SIZE(GB)   USED(GB)   AVAILABLE(GB)   PERCENT USED   MOUNTED ON\n/dev/sda4    10.00      9.50       0.50            95.00%         /var\n";
        let evidence = crate::testing::command(&PARSER, "talosctl mounts", text);
        let space = &evidence.all::<Space>()[0].value;
        assert_eq!(
            (space.used_percent, space.mount.as_str()),
            (Some(95), "/var")
        );
    }

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
