//! States of systemd units, each put together from the tools that showed it, and the unit that runs the kubelet.

use crate::derived::{Context, Derived};
use crate::evidence::{Evidence, Sourced};
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::observed::{AllUnits, UnitState};
use crate::origin::Origin;
use crate::processes;
use std::collections::BTreeMap;

pub(super) const DERIVED: Derived = Derived {
    name: "units",
    after: &[],
    facts: FACTS,
    derive,
};

const SHOW: &str = "systemctl show kubelet containerd crio k3s k3s-agent rke2-agent rke2-server";

const FACTS: &[FactDecl] = &[
    FactDecl::new("units", Type::Records, "systemd units whose state is known")
        .needs("unit states", SHOW),
    FactDecl::new("units[].name", Type::Text, "full name: `kubelet.service`"),
    FactDecl::new(
        "units[].load_state",
        Type::Text,
        "loaded, not-found, masked, bad-setting or error",
    ),
    FactDecl::new(
        "units[].active_state",
        Type::Text,
        "active, inactive, activating, deactivating or failed",
    ),
    FactDecl::new(
        "units[].sub_state",
        Type::Text,
        "running, dead, auto-restart, …",
    ),
    FactDecl::new(
        "units[].result",
        Type::Text,
        "why it ended: success, exit-code, signal, resources, start-limit-hit, …",
    ),
    FactDecl::new(
        "units[].unit_file_state",
        Type::Text,
        "enabled, disabled, static, masked, …",
    ),
    FactDecl::new(
        "units[].n_restarts",
        Type::Int,
        "automatic restarts since the last start by hand",
    ),
    FactDecl::new(
        "units[].active_since",
        Type::Time,
        "when it became active last; it may have ended since",
    ),
    FactDecl::new(
        "units[].exec_main_status",
        Type::Int,
        "exit status of the main process",
    ),
    unit(
        "kubelet.unit.name",
        Type::Text,
        "unit that runs the kubelet or embeds it",
    ),
    unit(
        "kubelet.unit.load_state",
        Type::Text,
        "loaded, not-found, masked, bad-setting or error",
    ),
    unit(
        "kubelet.unit.active_state",
        Type::Text,
        "active, inactive, activating, deactivating or failed",
    ),
    unit(
        "kubelet.unit.sub_state",
        Type::Text,
        "running, dead, auto-restart, …",
    ),
    unit(
        "kubelet.unit.result",
        Type::Text,
        "why its last run ended: success, exit-code, signal, resources, …",
    ),
    unit(
        "kubelet.unit.unit_file_state",
        Type::Text,
        "enabled, disabled, static, masked, …",
    ),
    unit(
        "kubelet.unit.n_restarts",
        Type::Int,
        "automatic restarts since the last start by hand; history, not state",
    ),
    unit(
        "kubelet.unit.active_since",
        Type::Time,
        "when it became active last; it may have ended since",
    ),
    unit(
        "kubelet.unit.exec_main_status",
        Type::Int,
        "exit status of its main process",
    ),
    unit(
        "kubelet.unit.need_daemon_reload",
        Type::Bool,
        "unit files changed since systemd read them",
    ),
    unit("kubelet.unit.fragment_path", Type::Text, "its unit file"),
    unit(
        "kubelet.unit.drop_ins",
        Type::Texts,
        "its drop-in files, in order",
    ),
    unit(
        "kubelet.unit.condition_result",
        Type::Bool,
        "its start conditions held when they were checked last",
    ),
];

const fn unit(path: &'static str, ty: Type, meaning: &'static str) -> FactDecl {
    FactDecl::new(path, ty, meaning).needs("state of the kubelet's unit", "systemctl show kubelet")
}

/// Units that run a kubelet, the usual one first.
pub(crate) const KUBELET_UNITS: &[&str] = &[
    "kubelet.service",
    "k3s.service",
    "k3s-agent.service",
    "rke2-server.service",
    "rke2-agent.service",
    "snap.microk8s.daemon-kubelite.service",
    "snap.microk8s.daemon-kubelet.service",
    "snap.k8s.kubelet.service",
    "snap.kubelet.daemon.service",
    "k0sworker.service",
    "k0scontroller.service",
    "microshift.service",
    "edgecore.service",
];

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    let mut units = merged(evidence);
    add_absent(evidence, &mut units);
    if units.is_empty() {
        return;
    }
    if let Some(name) = kubelet_unit(&units) {
        set_kubelet_unit(evidence, name, &units);
    }
    let items: Vec<Fact> = units
        .iter()
        .filter(|(name, fields)| worth_showing(name, fields))
        .map(|(name, fields)| record(name, fields))
        .collect();
    if !items.is_empty() {
        evidence.facts.set("units", Fact::list(items));
        let mut tables = evidence.all::<AllUnits>().iter();
        if !tables.any(|table| !table.value.files) {
            evidence.facts.set_partial("units");
        }
    }
}

type Fields = BTreeMap<&'static str, Fact>;

/// Each unit's fields, from the tool that knows most about each.
fn merged(evidence: &Evidence) -> BTreeMap<String, Fields> {
    let mut states: Vec<&Sourced<UnitState>> = evidence.all::<UnitState>().iter().collect();
    states.sort_by_key(|state| state.value.rank);
    let mut units: BTreeMap<String, Fields> = BTreeMap::new();
    for state in states {
        let fields = units.entry(state.value.name.clone()).or_default();
        for (field, fact) in &state.value.fields {
            fields.entry(field).or_insert_with(|| fact.clone());
        }
    }
    units
}

/// What whole tables of units tell by not naming a unit: without a file it does not exist, not in memory it does not run.
fn add_absent(evidence: &Evidence, units: &mut BTreeMap<String, Fields>) {
    let table = |files: bool, name: &str| {
        let mut tables = evidence.all::<AllUnits>().iter();
        let is_service = name.rsplit('.').next() == Some("service");
        let found = tables
            .find(|table| table.value.files == files && (is_service || !table.value.services));
        found.map(|table| table.origin.clone())
    };
    let fact = |text: &str, origin: &Origin| Fact::text(text, origin.clone());
    for &name in KUBELET_UNITS.iter().chain(OTHER_UNITS) {
        let is_usual = name == KUBELET_UNIT || !KUBELET_UNITS.contains(&name);
        let is_new = is_usual && !units.contains_key(name);
        if let (true, Some(origin)) = (is_new, table(true, name)) {
            let fields = Fields::from([("load_state", fact("not-found", &origin))]);
            units.insert(name.to_owned(), fields);
        }
        if let (Some(fields), Some(origin)) = (units.get_mut(name), table(false, name)) {
            let state = fields.entry("active_state");
            state.or_insert_with(|| fact("inactive", &origin));
        }
    }
    let is_known = KUBELET_UNITS.iter().any(|name| units.contains_key(*name));
    // Some run the kubelet in a container.
    let runs = is_known || processes::kubelet(evidence).is_some();
    if let (false, Some(origin)) = (runs, table(false, KUBELET_UNIT)) {
        let fields = Fields::from([("active_state", fact("inactive", &origin))]);
        units.insert(KUBELET_UNIT.to_owned(), fields);
    }
}

/// The usual unit of the kubelet.
const KUBELET_UNIT: &str = "kubelet.service";

/// The kubelet's unit: the one that is up or trying, else the one that starts at boot, else one that can be started, else any that is
/// known: beside k3s a kubelet.service of an earlier life of the machine is often left, disabled or masked.
fn kubelet_unit(units: &BTreeMap<String, Fields>) -> Option<&'static str> {
    let state =
        |name: &str, field: &str| -> Option<&str> { units.get(name)?.get(field)?.as_text() };
    let up = |name: &&&str| {
        matches!(
            state(name, "active_state"),
            Some("active" | "activating" | "deactivating" | "failed" | "reloading")
        )
    };
    let there = |name: &&&str| {
        units.contains_key(**name) && !matches!(state(name, "load_state"), Some("not-found"))
    };
    let starts = |name: &&&str| {
        there(name)
            && state(name, "load_state") != Some("masked")
            && matches!(
                state(name, "unit_file_state"),
                Some("enabled" | "enabled-runtime" | "generated" | "static")
            )
    };
    let startable = |name: &&&str| {
        let masked = ["load_state", "unit_file_state"]
            .iter()
            .any(|field| state(name, field).is_some_and(|word| word.starts_with("masked")));
        there(name) && !masked
    };
    KUBELET_UNITS
        .iter()
        .find(up)
        .or_else(|| KUBELET_UNITS.iter().find(starts))
        .or_else(|| KUBELET_UNITS.iter().find(startable))
        .or_else(|| KUBELET_UNITS.iter().find(there))
        .or_else(|| KUBELET_UNITS.iter().find(|name| units.contains_key(**name)))
        .copied()
}

fn set_kubelet_unit(evidence: &mut Evidence, name: &str, units: &BTreeMap<String, Fields>) {
    let Some(fields) = units.get(name) else {
        return;
    };
    let origin = fields
        .values()
        .find_map(|fact| fact.origins.first().cloned());
    if let Some(origin) = origin {
        evidence
            .facts
            .set("kubelet.unit.name", Fact::text(name, origin));
    }
    for (field, fact) in fields {
        if *field != "main_pid" {
            evidence
                .facts
                .set(&format!("kubelet.unit.{field}"), fact.clone());
        }
    }
}

fn record(name: &str, fields: &Fields) -> Fact {
    let shown = [
        "need_daemon_reload",
        "fragment_path",
        "drop_ins",
        "condition_result",
        "main_pid",
    ];
    let mut record: BTreeMap<String, Fact> = fields
        .iter()
        .filter(|(field, _)| !shown.contains(field))
        .map(|(field, fact)| ((*field).to_owned(), fact.clone()))
        .collect();
    let origins: Vec<Origin> = best_origin(fields).into_iter().collect();
    record.insert(
        "name".to_owned(),
        Fact {
            value: Value::Text(name.to_owned()),
            origins: origins.clone(),
        },
    );
    Fact {
        value: Value::Record(record),
        origins,
    }
}

/// The line that says most about a unit.
fn best_origin(fields: &Fields) -> Option<Origin> {
    ["active_state", "load_state", "unit_file_state"]
        .iter()
        .find_map(|field| fields.get(field))
        .or_else(|| fields.values().next())
        .and_then(|fact| fact.origins.first().cloned())
}

/// Mounts of containers and devices are many and tell nothing, nor do unit files that nobody started.
fn worth_showing(name: &str, fields: &Fields) -> bool {
    let ours = KUBELET_UNITS.contains(&name) || OTHER_UNITS.contains(&name);
    let shown = fields.contains_key("active_state") || fields.contains_key("load_state");
    if !ours && !shown {
        return false;
    }
    let kind = name.rsplit('.').next().unwrap_or_default();
    match kind {
        "device" | "scope" | "slice" => false,
        "mount" => !name.starts_with("run-") && !name.contains("-pods-"),
        _ => true,
    }
}

/// Units whose file alone tells something: runtimes, time services, what comes before the kubelet.
const OTHER_UNITS: &[&str] = &[
    "chrony.service",
    "chronyd.service",
    "containerd.service",
    "cri-docker.service",
    "cri-docker.socket",
    "crio.service",
    "docker.service",
    "etcd.service",
    "firewalld.service",
    "nftables.service",
    "nodeadm-config.service",
    "nodeadm-run.service",
    "ntpd.service",
    "systemd-resolved.service",
    "systemd-timesyncd.service",
    "ufw.service",
];

#[cfg(test)]
mod tests;
