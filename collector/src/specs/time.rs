//! Clocks and time services.

use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::Node;
use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier};
use nodebundle_bundle::Outcome;
use serde_json::{Map, json};

pub(crate) const SPEC: Spec = Spec {
    name: "time",
    about: "clocks and time services",
    items: &[
        Item {
            name: "clock",
            catalog: "TM1",
            kind: "clock",
            source: Source::Fact {
                topic: "clock",
                make: clock,
            },
            cap: 4 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Public,
            reason: "a wrong clock makes every certificate expired or not yet valid",
        },
        Item {
            name: "chrony-tracking",
            catalog: "TM3",
            kind: "command",
            source: Source::Command(&["/usr/bin/chronyc", "-n", "tracking"]),
            cap: 16 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Identifying,
            reason: "offset and source of the clock",
        },
        Item {
            name: "chrony-sources",
            catalog: "TM3",
            kind: "command",
            source: Source::Command(&["/usr/bin/chronyc", "-n", "sources"]),
            cap: 16 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Identifying,
            reason: "no source reachable",
        },
        command(
            "chrony-sourcestats",
            &["/usr/bin/chronyc", "-n", "sourcestats"],
        ),
        command("ntp-peers", &["/usr/bin/ntpq", "-pn"]),
        folder("chrony-dropins", "/etc/chrony/conf.d", &["*.conf"]),
        folder(
            "chrony-sources-dropins",
            "/etc/chrony/sources.d",
            &["*.sources"],
        ),
        folder("chrony-rhel-dropins", "/etc/chrony.d", &["*.conf"]),
        listing("timesync-run", "/run/systemd/timesync"),
        listing("timesync-state", "/var/lib/systemd/timesync"),
        listing("chrony-state", "/var/lib/chrony"),
        config("ntpsec", "TM3", "/etc/ntpsec/ntp.conf"),
        config("chrony", "TM3", "/etc/chrony/chrony.conf"),
        config("chrony-rhel", "TM3", "/etc/chrony.conf"),
        config("timesyncd", "TM3 U5", "/etc/systemd/timesyncd.conf"),
        config("ntp", "TM3", "/etc/ntp.conf"),
        config("adjtime", "TM5", "/etc/adjtime"),
        config(
            "clocksource",
            "TM5",
            "/sys/devices/system/clocksource/clocksource0/current_clocksource",
        ),
    ],
};

const fn command(name: &'static str, argv: &'static [&'static str]) -> Item {
    Item {
        name,
        catalog: "TM3",
        kind: "command",
        source: Source::Command(argv),
        cap: 16 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Identifying,
        reason: "no source reachable",
    }
}

const fn folder(name: &'static str, path: &'static str, names: &'static [&'static str]) -> Item {
    Item {
        name,
        catalog: "TM3",
        kind: "time-config",
        source: Source::Folder {
            path,
            names,
            depth: 0,
        },
        cap: 32 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Identifying,
        reason: "no time source",
    }
}

const fn listing(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog: "TM3",
        kind: "listing",
        source: Source::Listing(path),
        cap: 16 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Public,
        reason: "when the time service synchronized last",
    }
}

const fn config(name: &'static str, catalog: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog,
        kind: "time-config",
        source: Source::File(path),
        cap: 32 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Identifying,
        reason: "no time source, local time in the hardware clock",
    }
}

/// `facts/clock.json`. Whether the clock is synchronized is known only where a time service leaves a mark.
fn clock(host: &mut Host, node: &Node) -> Result<String, Failure> {
    let mut fields = Map::new();
    if host.is_live() {
        let wall = host.clock().now();
        fields.insert("wall".into(), json!(crate::clock::rfc3339(wall)));
        if host.stat("/run/systemd/timesync/synchronized").is_ok() {
            fields.insert("synchronized".into(), json!(true));
        }
    } else if let Some(newest) = node.newest_record {
        let wall = crate::clock::from_microseconds(newest);
        fields.insert("wall".into(), json!(crate::clock::rfc3339(wall)));
    }
    if let Some(reading) = hardware_clock(host) {
        fields.insert("hardware_clock".into(), json!(reading));
    }
    if let Some(time) = kernel_start(host) {
        fields.insert("kernel_started".into(), json!(time));
    }
    if let Some(seconds) = suspended_seconds(host) {
        fields.insert("suspended_seconds".into(), json!(seconds));
    }
    let mut last_of = |path: &str| {
        let stat = host.stat(path).ok()?;
        Some(crate::clock::rfc3339(stat.attributes.mtime))
    };
    if let Some(time) = last_of("/var/lib/systemd/timesync/clock") {
        fields.insert("timesyncd_saved".into(), json!(time));
    }
    if let Some(time) = last_of("/var/lib/chrony/drift") {
        fields.insert("chrony_saved".into(), json!(time));
    }
    if let Some(zone) = timezone(host) {
        fields.insert("timezone".into(), json!(zone));
    }
    let uptime = host.line("/proc/uptime");
    if let Some(seconds) = uptime.as_deref().and_then(whole_seconds) {
        fields.insert("uptime_seconds".into(), json!(seconds));
    }
    if fields.is_empty() {
        return Err(Failure::new(
            Outcome::NotApplicable,
            "no clock in this tree",
        ));
    }
    Ok(facts::object(&fields))
}

/// The clock that runs while the machine is off, as UTC; it is read by the second.
fn hardware_clock(host: &mut Host) -> Option<String> {
    let seconds = host.line("/sys/class/rtc/rtc0/since_epoch")?.parse().ok()?;
    chrono::DateTime::from_timestamp(seconds, 0).map(crate::clock::rfc3339)
}

fn kernel_start(host: &mut Host) -> Option<String> {
    let stat = host.line("/proc/stat")?;
    let line = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    let seconds = line.trim().parse().ok()?;
    chrono::DateTime::from_timestamp(seconds, 0).map(crate::clock::rfc3339)
}

/// How long the machine slept since its start: the clock that counts sleep minus the one that does not.
fn suspended_seconds(host: &Host) -> Option<i64> {
    use rustix::time::{ClockId, clock_gettime};
    host.is_live().then(|| {
        let with = clock_gettime(ClockId::Boottime).tv_sec;
        with - clock_gettime(ClockId::Monotonic).tv_sec
    })
}

/// `/etc/localtime` is a link into the zone database.
fn timezone(host: &mut Host) -> Option<String> {
    if let Some(name) = host.line("/etc/timezone").filter(|name| !name.is_empty()) {
        return Some(name);
    }
    let listing = host.list("/etc").ok()?;
    let entry = listing
        .entries
        .into_iter()
        .find(|entry| entry.name == "localtime")?;
    let link = entry.link?;
    link.split_once("/zoneinfo/")
        .map(|(_, zone)| zone.to_owned())
}

fn whole_seconds(uptime: &str) -> Option<u64> {
    uptime.split(['.', ' ']).next()?.parse().ok()
}
