//! When the node started and stopped, and what a crash left behind.

use crate::facts;
use crate::host::wire::{Failure, Keep};
use crate::host::{Host, Taken};
use crate::node::Node;
use crate::spec::{Item, KIB, MIB, Sensitivity, Source, Spec, Tier};
use nodebundle_bundle::Outcome;
use serde_json::{Value, json};

pub(crate) const SPEC: Spec = Spec {
    name: "boots",
    about: "starts and crashes of the node",
    items: &[Item {
        name: "boots",
        kind: "boots",
        source: Source::Fact {
            topic: "boots",
            make: boots,
        },
        cap: 64 * KIB,
        catalog: "L12",
        tier: Tier::T0,
        sensitivity: Sensitivity::Public,
        reason: "a reboot loop, a crash, a clock that jumped",
    }],
};

/// `facts/boots.json`: starts and stops by `/var/log/wtmp`, uptime, what crashes left. No names of users.
fn boots(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let wtmp = host.read_once("/var/log/wtmp", 4 * MIB, Keep::Tail);
    let records = wtmp.as_ref().map(records).unwrap_or_default();
    let journal: Vec<Value> = node
        .boots
        .iter()
        .map(
            |(boot, first)| json!({"boot": boot, "first": crate::clock::from_microseconds(*first)}),
        )
        .collect();
    let crashes: Vec<Value> = CRASHES
        .iter()
        .flat_map(|folder| names(host, folder))
        .collect();
    let uptime = host.is_live().then(|| host.line("/proc/uptime")).flatten();
    let uptime = uptime.and_then(|line| line.split(' ').next()?.parse::<f64>().ok());
    if records.is_empty() && journal.is_empty() && crashes.is_empty() && uptime.is_none() {
        let nothing = || Failure::new(Outcome::Empty, "no trace of a boot");
        return Err(wtmp.err().unwrap_or_else(nothing));
    }
    Ok(facts::document(
        &[("uptime_seconds", json!(uptime))],
        &[
            ("journal", &journal),
            ("wtmp", &records),
            ("crashes", &crashes),
        ],
    ))
}

/// Names in a folder in which crashes are kept.
fn names(host: &mut Host, folder: &str) -> Vec<Value> {
    let entries = host
        .list(folder)
        .map(|listing| listing.entries)
        .unwrap_or_default();
    let entries = entries.into_iter().take(MOST_NAMES);
    entries
        .map(|entry| json!({"folder": folder, "name": entry.name, "bytes": entry.size, "time": entry.mtime}))
        .collect()
}

/// Starts and stops among the records of logins; everything else in them names people.
fn records(taken: &Taken) -> Vec<Value> {
    let from = taken.info.kept.first().map_or(0, |kept| kept.from);
    let skip = usize::try_from(from.next_multiple_of(RECORD as u64) - from).unwrap_or(0);
    let records = taken.bytes.get(skip..).unwrap_or_default();
    let told: Vec<Value> = records.chunks_exact(RECORD).filter_map(record).collect();
    let newest = told.len().saturating_sub(MOST_RECORDS);
    told.into_iter().skip(newest).collect()
}

fn record(bytes: &[u8]) -> Option<Value> {
    let short = |at: usize| Some(i16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let text = |at: usize, length: usize| {
        let field = bytes
            .get(at..at + length)?
            .split(|byte| *byte == 0)
            .next()?;
        std::str::from_utf8(field).ok()
    };
    let what = match (short(0)?, text(44, 32)?) {
        (2, "reboot") => "reboot",
        (1, "shutdown") => "shutdown",
        _ => return None,
    };
    let seconds = u32::from_le_bytes(bytes.get(340..344)?.try_into().ok()?);
    let time = chrono::DateTime::from_timestamp(i64::from(seconds), 0)?;
    Some(json!({"what": what, "time": time, "kernel": text(76, 256)?}))
}

/// Where kernels and crash tools leave what they saved.
const CRASHES: &[&str] = &[
    "/sys/fs/pstore",
    "/var/lib/systemd/pstore",
    "/var/crash",
    "/var/spool/kdump",
];
/// Bytes of a record on all architectures with 64 bits but one, which has no Kubernetes.
const RECORD: usize = 384;
const MOST_RECORDS: usize = 200;
const MOST_NAMES: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use nodebundle_fixtures::NodeFixture;

    fn utmp(kind: i16, user: &str, seconds: u32) -> Vec<u8> {
        let mut bytes = vec![0; RECORD];
        bytes[..2].copy_from_slice(&kind.to_le_bytes());
        bytes[44..44 + user.len()].copy_from_slice(user.as_bytes());
        bytes[76..82].copy_from_slice(b"6.1.0\0");
        bytes[340..344].copy_from_slice(&seconds.to_le_bytes());
        bytes
    }

    #[test]
    fn starts_and_stops_are_told_and_people_are_not() {
        let mut wtmp = utmp(2, "reboot", 1_700_000_000);
        wtmp.extend(utmp(7, "alice", 1_700_000_100));
        wtmp.extend(utmp(1, "shutdown", 1_700_000_200));
        wtmp.extend([1, 2, 3]);
        let node = NodeFixture::ready()
            .with_file("var/log/wtmp", &wtmp)
            .with_file("var/crash/202311142213/vmcore-dmesg.txt", "x");
        let text = boots(&mut Host::direct(&node.root()), &Node::default()).unwrap();
        assert!(!text.contains("alice"));
        let facts: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(facts["wtmp"][0]["what"], "reboot");
        assert_eq!(facts["wtmp"][0]["kernel"], "6.1.0");
        assert_eq!(facts["wtmp"][1]["time"], "2023-11-14T22:16:40Z");
        assert_eq!(facts["crashes"][0]["name"], "202311142213");
    }
}
