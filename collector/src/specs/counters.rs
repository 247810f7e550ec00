//! The kernel's counters, twice: what they did while the bundle was made.

use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::Node;
use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};
use nodebundle_bundle::Outcome;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Instant;

pub(crate) const SPEC: Spec = Spec {
    name: "counters",
    about: "the kernel's counters, at the start and at the end of the collection",
    items: &[
        Item {
            name: "changes",
            catalog: "W8 O6 O10",
            kind: "counters",
            source: Source::LateFact {
                topic: "counters",
                make: changes,
            },
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Public,
            reason: "drops, retransmits, listen overflows, swapping, stolen time and slow disks as they happen",
        },
        file("vmstat", "O6", "/proc/vmstat"),
        file("stat", "O6 TM1", "/proc/stat"),
        file("diskstats", "O10", "/proc/diskstats"),
        file("snmp6", "W8", "/proc/net/snmp6"),
        file("netstat", "W8", "/proc/net/netstat"),
        file("softnet", "W8", "/proc/net/softnet_stat"),
        file("sockstat", "W8", "/proc/net/sockstat"),
    ],
};

const fn file(name: &'static str, catalog: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog,
        kind: "counters",
        source: Source::File(path),
        cap: 64 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Public,
        reason: "totals since the start of the kernel",
    }
}

/// The counters at one instant.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    taken: Instant,
    values: BTreeMap<String, u64>,
}

impl Sample {
    /// Reads the counters; `None` where this is not the running host.
    pub(crate) fn take(host: &mut Host) -> Option<Self> {
        if !host.is_live() {
            return None;
        }
        let mut values = BTreeMap::new();
        for (path, read) in SOURCES {
            let keep = crate::host::wire::Keep::Start;
            if let Ok(taken) = host.read_once(path, 256 * KIB, keep) {
                values.extend(read(&taken.text()));
            }
        }
        Some(Self {
            taken: Instant::now(),
            values,
        })
    }

    /// Counters that moved, with by how much.
    fn until(&self, later: &Self) -> Vec<Value> {
        let moved = later.values.iter().filter_map(|(name, value)| {
            let grown = value.checked_sub(*self.values.get(name)?)?;
            (grown > 0).then(|| json!({"name": name, "from": value - grown, "grew": grown}))
        });
        moved.collect()
    }
}

/// `facts/counters.json`
fn changes(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let (Some(first), Some(second)) = (node.first_sample.as_ref(), Sample::take(host)) else {
        return Err(Failure::new(
            Outcome::NotApplicable,
            "counters move on a running host only",
        ));
    };
    let passed = second.taken.saturating_duration_since(first.taken);
    let moved = first.until(&second);
    let seconds = json!(crate::clock::milliseconds(passed));
    Ok(facts::document(
        &[("milliseconds", seconds)],
        &[("counters", &moved)],
    ))
}

type Reading = fn(&str) -> Vec<(String, u64)>;

const SOURCES: &[(&str, Reading)] = &[
    ("/proc/net/snmp", |text| table("snmp", text)),
    ("/proc/net/netstat", |text| table("netstat", text)),
    ("/proc/net/softnet_stat", softnet),
    ("/proc/net/dev", network_devices),
    ("/proc/vmstat", |text| pairs("vmstat", text)),
    ("/proc/stat", processors),
    ("/proc/diskstats", block_devices),
];

/// `Tcp: A B` above `Tcp: 1 2`.
fn table(prefix: &str, text: &str) -> Vec<(String, u64)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for pair in lines.chunks(2) {
        let [names, values] = *pair else { continue };
        let values = values.split_whitespace().skip(1);
        let names = names.split_whitespace();
        let Some(protocol) = names.clone().next() else {
            continue;
        };
        let protocol = protocol.trim_end_matches(':');
        for (name, value) in names.skip(1).zip(values) {
            if let Ok(value) = value.parse() {
                found.push((format!("{prefix}.{protocol}.{name}"), value));
            }
        }
    }
    found
}

/// `name value` lines.
fn pairs(prefix: &str, text: &str) -> Vec<(String, u64)> {
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    pairs
        .filter(|(name, _)| VMSTAT.contains(name))
        .filter_map(|(name, value)| Some((format!("{prefix}.{name}"), value.trim().parse().ok()?)))
        .collect()
}

/// Packets that no processor had time for: the second and third hex column, over all processors.
fn softnet(text: &str) -> Vec<(String, u64)> {
    let sum = |column: usize| {
        let fields = text
            .lines()
            .filter_map(|line| line.split_whitespace().nth(column));
        fields
            .filter_map(|field| u64::from_str_radix(field, 16).ok())
            .sum()
    };
    vec![
        ("softnet.dropped".to_owned(), sum(1)),
        ("softnet.squeezed".to_owned(), sum(2)),
    ]
}

fn network_devices(text: &str) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    for line in text.lines().skip(2) {
        let Some((name, counters)) = line.trim().split_once(':') else {
            continue;
        };
        let counters: Vec<&str> = counters.split_whitespace().collect();
        for (at, what) in [
            (2, "rx_errors"),
            (3, "rx_dropped"),
            (10, "tx_errors"),
            (11, "tx_dropped"),
        ] {
            if let Some(value) = counters.get(at).and_then(|text| text.parse().ok()) {
                found.push((format!("dev.{name}.{what}"), value));
            }
        }
    }
    found
}

/// Time in clock ticks by what the processors did.
fn processors(text: &str) -> Vec<(String, u64)> {
    let Some(line) = text.lines().find(|line| line.starts_with("cpu ")) else {
        return Vec::new();
    };
    let names = [
        "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal",
    ];
    let values = line.split_whitespace().skip(1);
    names
        .iter()
        .zip(values)
        .filter_map(|(name, value)| Some((format!("cpu.{name}_ticks"), value.parse().ok()?)))
        .collect()
}

/// Of whole disks: requests, and milliseconds spent on them.
fn block_devices(text: &str) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let Some(name) = fields.get(2).filter(|name| !name.starts_with("loop")) else {
            continue;
        };
        for (at, what) in [
            (3, "reads"),
            (6, "read_ms"),
            (7, "writes"),
            (10, "write_ms"),
            (12, "busy_ms"),
        ] {
            if let Some(value) = fields.get(at).and_then(|text| text.parse().ok()) {
                found.push((format!("disk.{name}.{what}"), value));
            }
        }
    }
    found
}

const VMSTAT: &[&str] = &[
    "pgmajfault",
    "pswpin",
    "pswpout",
    "oom_kill",
    "allocstall_normal",
    "pgscan_direct",
    "pgsteal_direct",
    "workingset_refault_file",
    "compact_stall",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_above_their_values() {
        let text = "Tcp: InSegs RetransSegs\nTcp: 10 3\n";
        assert_eq!(
            table("snmp", text),
            [
                ("snmp.Tcp.InSegs".to_owned(), 10),
                ("snmp.Tcp.RetransSegs".to_owned(), 3)
            ]
        );
    }

    #[test]
    fn only_what_moved_is_told() {
        let sample = |retransmits, drops| Sample {
            taken: Instant::now(),
            values: BTreeMap::from([("a".to_owned(), retransmits), ("b".to_owned(), drops)]),
        };
        let moved = sample(3, 1).until(&sample(5, 1));
        assert_eq!(moved, [json!({"name": "a", "from": 3, "grew": 2})]);
    }

    #[test]
    fn disks_devices_and_processors_are_read() {
        let disks =
            block_devices("   8 0 sda 5 0 0 7 9 0 0 11 0 13 0\n 7 0 loop0 1 0 0 0 0 0 0 0 0 0 0\n");
        assert!(disks.contains(&("disk.sda.busy_ms".to_owned(), 13)));
        assert!(disks.iter().all(|(name, _)| !name.contains("loop")));
        let devices = network_devices("h\nh\n eth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n");
        assert!(devices.contains(&("dev.eth0.tx_dropped".to_owned(), 8)));
        assert_eq!(
            softnet("1 a 2\n1 1 0\n")[0],
            ("softnet.dropped".to_owned(), 11)
        );
        assert!(
            processors("cpu  1 2 3 4 5 6 7 8 0 0\n").contains(&("cpu.steal_ticks".to_owned(), 8))
        );
    }
}
