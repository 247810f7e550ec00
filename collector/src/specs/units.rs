//! systemd units: their state, their files with drop-ins, the environment files they name.

use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::units::{SEARCH, Unit, patterns};
use crate::node::{Node, unique};
use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier, anything, matches};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(crate) const SPEC: Spec = Spec {
    name: "units",
    about: "systemd units",
    items: &[
        Item {
            name: "states",
            catalog: "U1",
            kind: "unit-states",
            source: Source::Fact {
                topic: "units",
                make: states,
            },
            cap: 256 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Public,
            reason: "not installed, disabled, masked, crash loop, start limit, forgotten daemon-reload",
        },
        Item {
            name: "files",
            catalog: "U2",
            kind: "unit-file",
            source: Source::Named {
                what: "unit files and drop-ins of the units of interest",
                paths: unit_files,
                accepts: anything,
            },
            cap: 64 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Mixed,
            reason: "wrong flags, overridden ExecStart, missing environment file, ordering",
        },
        Item {
            name: "environment",
            catalog: "U3",
            kind: "environment-file",
            source: Source::Named {
                what: "environment files that units name, and those of the usual places",
                paths: environment_files,
                accepts: anything,
            },
            cap: 32 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Mixed,
            reason: "runtime endpoint, node address, cloud provider, proxy",
        },
        Item {
            name: "folders",
            catalog: "U2",
            kind: "listing",
            source: Source::NamedListing {
                what: "unit folders with their drop-in and wants folders",
                paths: unit_folders,
            },
            cap: 256 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Public,
            reason: "proves that a unit or drop-in is missing, and what is enabled",
        },
        Item {
            name: "journald",
            catalog: "U5",
            kind: "config",
            source: Source::File("/etc/systemd/journald.conf"),
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Public,
            reason: "rate limits and storage: why a journal ends early",
        },
        Item {
            name: "journald-dropins",
            catalog: "U5",
            kind: "config",
            source: Source::Folder {
                path: "/etc/systemd/journald.conf.d",
                names: &["*.conf"],
                depth: 0,
            },
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Public,
            reason: "rate limits and storage: why a journal ends early",
        },
        Item {
            name: "transient",
            catalog: "U6",
            kind: "listing",
            source: Source::Listing("/run/systemd/transient"),
            cap: 32 * KIB,
            tier: Tier::T2,
            sensitivity: Sensitivity::Public,
            reason: "units made at run time",
        },
        settings("journald-lib", "/usr/lib/systemd/journald.conf.d"),
        settings("manager-dropins", "/etc/systemd/system.conf.d"),
        settings("logind-dropins", "/etc/systemd/logind.conf.d"),
        settings("resolved-dropins", "/etc/systemd/resolved.conf.d"),
        settings("timesyncd-dropins", "/etc/systemd/timesyncd.conf.d"),
        settings("networkd-dropins", "/etc/systemd/networkd.conf.d"),
        settings("main", "/etc/systemd"),
        generated("generator", "/run/systemd/generator"),
        generated("generator-early", "/run/systemd/generator.early"),
        generated("generator-late", "/run/systemd/generator.late"),
        Item {
            name: "manager",
            catalog: "U5 W10",
            kind: "config",
            source: Source::File("/etc/systemd/system.conf"),
            cap: 64 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "default limits, DefaultEnvironment with a proxy",
        },
    ],
};

const fn settings(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog: "U5",
        kind: "config",
        source: Source::Folder {
            path,
            names: &["*.conf"],
            depth: 0,
        },
        cap: 64 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Mixed,
        reason: "default limits, accounting that is off, the delay for an orderly shutdown",
    }
}

const fn generated(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog: "U6",
        kind: "listing",
        source: Source::Listing(path),
        cap: 32 * KIB,
        tier: Tier::T2,
        sensitivity: Sensitivity::Public,
        reason: "mounts and units that a generator made",
    }
}

fn unit_files(node: &Node) -> Vec<String> {
    let files = node.units.iter().flat_map(|unit| {
        let fragment = unit.fragment.iter().filter(|_| !unit.masked);
        fragment.chain(&unit.drop_ins).cloned()
    });
    unique(files)
}

fn environment_files(node: &Node) -> Vec<String> {
    let named = node
        .units
        .iter()
        .flat_map(|unit| unit.environment_files.iter())
        .map(|(path, _)| path.clone());
    let usual = USUAL_ENVIRONMENT.iter().map(|path| (*path).to_owned());
    let declared = node.declared(|profile| profile.environment);
    let all = named.chain(usual).chain(declared);
    unique(all.filter(|path| path.starts_with('/')))
}

fn unit_folders(node: &Node) -> Vec<String> {
    let search = SEARCH.iter().map(|path| (*path).to_owned());
    let drop_ins = search
        .clone()
        .map(|folder| format!("{folder}/kubelet.service.d"));
    let wants = search
        .clone()
        .filter(|folder| folder.starts_with("/etc"))
        .map(|folder| format!("{folder}/multi-user.target.wants"));
    let existing = node
        .units
        .iter()
        .flat_map(|unit| &unit.drop_ins)
        .map(|path| crate::host::door::parent(path).to_owned());
    unique(search.clone().chain(drop_ins).chain(wants).chain(existing))
}

/// `facts/units.json`: from the running systemd where there is one, else from files and links.
#[allow(
    clippy::unnecessary_wraps,
    reason = "every fact is made by one signature"
)]
fn states(host: &mut Host, node: &Node) -> Result<String, Failure> {
    if host.is_live()
        && let Some(units) = running_states(host, node)
    {
        return Ok(facts::list("units", &units));
    }
    let units: Vec<Value> = node.units.iter().map(file_state).collect();
    Ok(facts::list("units", &units))
}

fn file_state(unit: &Unit) -> Value {
    let mut fields = Map::new();
    fields.insert("Id".into(), json!(unit.name));
    if let Some(state) = unit.load_state() {
        fields.insert("LoadState".into(), json!(state));
    }
    if let Some(state) = &unit.file_state {
        fields.insert("UnitFileState".into(), json!(state));
    }
    if let Some(path) = &unit.fragment {
        fields.insert("FragmentPath".into(), json!(path));
        fields.insert("DropInPaths".into(), json!(unit.drop_ins));
    }
    Value::Object(fields)
}

/// Asks `systemctl show`; `None` when there is no systemd to answer.
fn running_states(host: &mut Host, node: &Node) -> Option<Vec<Value>> {
    let properties = format!("--property={}", PROPERTIES.join(","));
    let mut argv = vec![
        "/usr/bin/systemctl",
        "show",
        "--no-pager",
        &properties,
        "--",
    ];
    argv.extend(node.units.iter().map(|unit| unit.name.as_str()));
    for pattern in patterns().filter(|pattern| pattern.contains('*')) {
        argv.push(pattern);
    }
    let (ran, output) = host.run(&argv, 512 * KIB).ok()?;
    if ran.exit != Some(0) {
        return None;
    }
    let mut units: BTreeMap<String, Value> = BTreeMap::new();
    for block in String::from_utf8_lossy(&output).split("\n\n") {
        if let Some((id, unit)) = parse_show(block) {
            units.insert(id, unit);
        }
    }
    (!units.is_empty()).then(|| units.into_values().collect())
}

/// One unit of `systemctl show`: numbers, booleans and lists get their types.
fn parse_show(block: &str) -> Option<(String, Value)> {
    let mut fields = Map::new();
    for line in block.lines() {
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        let value = match (name, value) {
            ("DropInPaths", paths) => json!(paths.split_whitespace().collect::<Vec<_>>()),
            (_, "yes") => json!(true),
            (_, "no") => json!(false),
            (_, "" | "[not set]" | "infinity") => continue,
            (_, text) => text
                .parse::<i64>()
                .map_or_else(|_| json!(text), |number| json!(number)),
        };
        fields.insert(name.to_owned(), value);
    }
    let id = fields.get("Id")?.as_str()?.to_owned();
    let wanted = patterns().any(|pattern| matches(pattern, &id));
    wanted.then_some((id, Value::Object(fields)))
}

const PROPERTIES: &[&str] = &[
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "NRestarts",
    "UnitFileState",
    "FragmentPath",
    "DropInPaths",
    "NeedDaemonReload",
    "ExecMainCode",
    "ExecMainStatus",
    "MainPID",
    "ConditionResult",
    "AssertResult",
    "Type",
    "ActiveEnterTimestamp",
    "InactiveEnterTimestamp",
    "ExecMainStartTimestamp",
    "ExecMainExitTimestamp",
    "MemoryCurrent",
    "MemoryMax",
    "TasksCurrent",
    "TasksMax",
    "LimitNOFILE",
    "Slice",
];

const USUAL_ENVIRONMENT: &[&str] = &["/etc/default/kubelet", "/etc/sysconfig/kubelet"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systemctl_output_gets_types() {
        let block = "Id=kubelet.service\nNRestarts=5\nNeedDaemonReload=no\nDropInPaths=/a /b\nMemoryMax=infinity\n";
        let (id, unit) = parse_show(block).unwrap();
        assert_eq!(id, "kubelet.service");
        assert_eq!(
            unit,
            json!({"Id": "kubelet.service", "NRestarts": 5, "NeedDaemonReload": false, "DropInPaths": ["/a", "/b"]})
        );
    }
}
