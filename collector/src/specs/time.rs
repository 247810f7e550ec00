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
