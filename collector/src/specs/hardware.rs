//! The machine: processor, memory, firmware, devices, disks.

use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::Node;
use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};
use nodebundle_bundle::Outcome;
use serde_json::{Map, Value, json};

pub(crate) const SPEC: Spec = Spec {
    name: "hardware",
    about: "processor, firmware, devices, disks",
    items: &[
        fact(
            "machine",
            "O14 TM5 O1",
            "hardware",
            machine,
            "an image that needs a newer processor, a virtual machine and its kind",
        ),
        fact(
            "disks",
            "O10 O4",
            "block-devices",
            disks,
            "a disk that fails or is slow, swap in compressed memory",
        ),
        file("mdstat", "O10", "/proc/mdstat"),
        file(
            "clocksources",
            "TM5",
            "/sys/devices/system/clocksource/clocksource0/available_clocksource",
        ),
        file("lockdown", "O1", "/sys/kernel/security/lockdown"),
        file("ostree", "O1", "/run/ostree-booted"),
    ],
};

const fn fact(
    name: &'static str,
    catalog: &'static str,
    topic: &'static str,
    make: fn(&mut Host, &Node) -> Result<String, Failure>,
    reason: &'static str,
) -> Item {
    Item {
        name,
        catalog,
        kind: "hardware",
        source: Source::Fact { topic, make },
        cap: 64 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Identifying,
        reason,
    }
}

const fn file(name: &'static str, catalog: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog,
        kind: "hardware",
        source: Source::File(path),
        cap: 16 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Public,
        reason: "how the machine is set up",
    }
}

/// `facts/hardware.json`
fn machine(host: &mut Host, _: &Node) -> Result<String, Failure> {
    let cpuinfo = host.line("/proc/cpuinfo").unwrap_or_default();
    let mut fields = Map::new();
    for (name, file) in DMI {
        if let Some(text) = host
            .line(&format!("/sys/class/dmi/id/{file}"))
            .filter(|text| !text.is_empty())
        {
            fields.insert((*name).into(), json!(text));
        }
    }
    if cpuinfo.is_empty() && fields.is_empty() {
        return Err(Failure::new(
            Outcome::NotApplicable,
            "no hardware in this tree",
        ));
    }
    let of_cpu = |key: &str| {
        let mut lines = cpuinfo.lines();
        lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            (name.trim() == key).then(|| value.trim().to_owned())
        })
    };
    let processors = cpuinfo
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    fields.insert("processors".into(), json!(processors));
    fields.insert(
        "cpu".into(),
        json!(of_cpu("model name").or_else(|| of_cpu("CPU part"))),
    );
    let flags = of_cpu("flags").unwrap_or_default();
    if !flags.is_empty() {
        fields.insert("x86_64_level".into(), json!(level(&flags)));
        let guest = flags.split(' ').any(|flag| flag == "hypervisor");
        fields.insert("virtual".into(), json!(guest));
    }
    if let Some(kind) = host.line("/sys/hypervisor/type") {
        fields.insert("hypervisor".into(), json!(kind));
    }
    fields.insert("container".into(), json!(container(host)));
    fields.insert("secure_boot".into(), json!(secure_boot(host)));
    let nodes = host.list("/sys/devices/system/node").map(|listing| {
        let names = listing.entries.iter().map(|entry| entry.name.as_str());
        names.filter(|name| name.starts_with("node")).count()
    });
    fields.insert("numa_nodes".into(), json!(nodes.ok()));
    let values: Vec<(&str, Value)> = fields
        .iter()
        .map(|(key, value)| (key.as_str(), value.clone()))
        .collect();
    Ok(facts::document(
        &values,
        &[("pci", &pci(host)), ("hugepages", &hugepages(host))],
    ))
}

/// The x86-64 level that images are built for, 1 to 4.
fn level(flags: &str) -> u8 {
    let has = |wanted: &[&str]| {
        wanted
            .iter()
            .all(|flag| flags.split(' ').any(|have| have == *flag))
    };
    let levels: [&[&str]; 3] = [
        &["cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3"],
        &["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"],
        &["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"],
    ];
    let reached = levels.iter().take_while(|wanted| has(wanted)).count();
    1 + u8::try_from(reached).unwrap_or(0)
}

/// What kind of container this node is itself, where it leaves a mark.
fn container(host: &mut Host) -> Option<String> {
    if let Some(kind) = host.line("/run/systemd/container") {
        return Some(kind);
    }
    let marks = [("/.dockerenv", "docker"), ("/run/.containerenv", "podman")];
    let mut marks = marks.iter();
    marks
        .find(|(path, _)| host.stat(path).is_ok())
        .map(|(_, kind)| (*kind).to_owned())
}

/// The firmware variable is four bytes of attributes and one byte of value.
fn secure_boot(host: &mut Host) -> Option<bool> {
    let path = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
    let taken = host.read(path, KIB).ok()?;
    taken.bytes.get(4).map(|value| *value == 1)
}

/// Network and display devices by vendor and device number.
fn pci(host: &mut Host) -> Vec<Value> {
    let Ok(listing) = host.list("/sys/bus/pci/devices") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in listing.entries.iter().take(200) {
        let mut read =
            |file: &str| host.line(&format!("/sys/bus/pci/devices/{}/{file}", entry.name));
        let Some(class) = read("class") else {
            continue;
        };
        let kind = match class.get(..4) {
            Some("0x02") => "network",
            Some("0x03" | "0x12") => "display",
            Some("0x01") => "storage",
            _ => continue,
        };
        found.push(json!({"slot": entry.name, "kind": kind, "vendor": read("vendor"), "device": read("device")}));
    }
    found
}

fn hugepages(host: &mut Host) -> Vec<Value> {
    let Ok(listing) = host.list("/sys/kernel/mm/hugepages") else {
        return Vec::new();
    };
    let names = listing.entries.into_iter().map(|entry| entry.name);
    names
        .filter_map(|name| {
            let count = host.line(&format!("/sys/kernel/mm/hugepages/{name}/nr_hugepages"))?;
            Some(json!({"size": name.trim_start_matches("hugepages-"), "pages": count.parse::<u64>().ok()}))
        })
        .collect()
}

/// `facts/block-devices.json`
fn disks(host: &mut Host, _: &Node) -> Result<String, Failure> {
    let Ok(listing) = host.list("/sys/block") else {
        return Err(Failure::new(
            Outcome::NotApplicable,
            "no block devices in this tree",
        ));
    };
    let names = listing.entries.into_iter().map(|entry| entry.name);
    let names = names.filter(|name| !name.starts_with("loop") && !name.starts_with("ram"));
    let disks: Vec<Value> = names.take(200).map(|name| disk(host, &name)).collect();
    Ok(facts::list("disks", &disks))
}

fn disk(host: &mut Host, name: &str) -> Value {
    let mut read = |file: &str| {
        let text = host.line(&format!("/sys/block/{name}/{file}"));
        text.filter(|text| !text.is_empty())
    };
    let sectors = read("size").and_then(|text| text.parse::<u64>().ok());
    let scheduler = read("queue/scheduler").map(|text| {
        let chosen = text.split(['[', ']']).nth(1).map(str::to_owned);
        chosen.unwrap_or(text)
    });
    let yes = |text: Option<String>| text.map(|text| text == "1");
    json!({
        "name": name,
        "bytes": sectors.map(|sectors| sectors * 512),
        "rotational": yes(read("queue/rotational")),
        "read_only": yes(read("ro")),
        "scheduler": scheduler,
        "model": read("device/model").map(|text| text.trim().to_owned()),
        "state": read("device/state"),
        "io_errors": read("device/ioerr_cnt"),
        "mapper": read("dm/name"),
        "raid": read("md/level"),
        "raid_state": read("md/array_state"),
        "raid_degraded": read("md/degraded"),
    })
}

const DMI: &[(&str, &str)] = &[
    ("vendor", "sys_vendor"),
    ("product", "product_name"),
    ("product_version", "product_version"),
    ("board_vendor", "board_vendor"),
    ("chassis_tag", "chassis_asset_tag"),
    ("bios_vendor", "bios_vendor"),
    ("bios_version", "bios_version"),
    ("bios_date", "bios_date"),
];

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::tree;

    #[test]
    fn the_level_of_a_processor_follows_from_its_flags() {
        let second = "cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3";
        assert_eq!(level("sse2"), 1);
        assert_eq!(level(second), 2);
        assert_eq!(
            level(&format!("{second} avx avx2 bmi1 bmi2 f16c fma abm movbe")),
            3
        );
    }

    #[test]
    fn processor_and_firmware_are_told() {
        let (_scratch, mut host) = tree(&[
            (
                "proc/cpuinfo",
                "processor\t: 0\nmodel name\t: X\nflags\t\t: fpu hypervisor\n\nprocessor\t: 1\n",
            ),
            ("sys/class/dmi/id/sys_vendor", "QEMU\n"),
        ]);
        let text = machine(&mut host, &Node::default()).unwrap();
        let fact: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(fact["processors"], 2);
        assert_eq!(fact["virtual"], true);
        assert_eq!(fact["vendor"], "QEMU");
        assert_eq!(fact["x86_64_level"], 1);
    }

    #[test]
    fn a_disk_is_described_and_loops_are_left_out() {
        let (_scratch, mut host) = tree(&[
            ("sys/block/sda/size", "2048\n"),
            ("sys/block/sda/queue/scheduler", "none [mq-deadline] bfq\n"),
            ("sys/block/sda/queue/rotational", "1\n"),
            ("sys/block/loop0/size", "8\n"),
        ]);
        let text = disks(&mut host, &Node::default()).unwrap();
        let fact: Value = serde_json::from_str(&text).unwrap();
        let found = fact["disks"].as_array().unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0]["bytes"], 1_048_576);
        assert_eq!(found[0]["scheduler"], "mq-deadline");
        assert_eq!(found[0]["rotational"], true);
    }

    #[test]
    fn a_bare_tree_has_no_hardware() {
        let (_scratch, mut host) = tree(&[]);
        let failure = machine(&mut host, &Node::default()).unwrap_err();
        assert_eq!(failure.outcome, Outcome::NotApplicable);
        assert!(disks(&mut host, &Node::default()).is_err());
    }
}
