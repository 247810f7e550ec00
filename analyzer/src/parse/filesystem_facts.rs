//! `facts/filesystems.json` of our own bundle.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::json::Document;
use crate::observed::{Mount, Space};
use crate::origin::Origin;
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value;

pub(super) const PARSER: Parser = Parser {
    name: "filesystem_facts",
    kind: "fill level of file systems",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Facts(topic) if topic == "filesystems"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["host.disks"]),
    };
    for (line, item) in document.items("filesystems") {
        let origin = Origin {
            line,
            ..entry.whole()
        };
        let text = |key: &str| {
            item.get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let number = |key: &str| item.get(key).and_then(Value::as_i64);
        let (mount, device) = (text("mount"), text("device"));
        let read_only = item.get("read_only").and_then(Value::as_bool);
        evidence.push(
            Space {
                mount: mount.clone(),
                device: device.clone(),
                size: number("bytes"),
                used_percent: used(number("bytes"), number("bytes_available")),
                inodes_percent: used(number("inodes"), number("inodes_available")),
            },
            origin.clone(),
        );
        let kind = text("type");
        if let Some(read_only) = read_only {
            evidence.push(
                Mount {
                    device,
                    mount,
                    kind,
                    read_only,
                },
                origin,
            );
        }
    }
}

/// Percent in use, rounded up as `df` does.
fn used(all: Option<i64>, available: Option<i64>) -> Option<i64> {
    let (all, available) = (all?, available?);
    if all <= 0 || available > all {
        return None;
    }
    (all - available)
        .checked_mul(100)?
        .checked_add(all - 1)
        .map(|scaled| scaled / all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::facts;

    #[test]
    fn percent_is_rounded_up() {
        let evidence = facts(
            &PARSER,
            "filesystems",
            "{\"filesystems\":[\n{\"mount\":\"/\",\"device\":\"/dev/sda1\",\"type\":\"ext4\",\"read_only\":true,\"bytes\":1000,\"bytes_available\":1,\"inodes\":0,\"inodes_available\":0}\n]}",
        );
        let space = &evidence.all::<Space>()[0].value;
        assert_eq!(
            (space.used_percent, space.inodes_percent),
            (Some(100), None)
        );
        assert!(evidence.all::<Mount>()[0].value.read_only);
    }
}
