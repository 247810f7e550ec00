//! Whether the kubelet and the container runtime run.

use crate::derived::{Context, Derived};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::origin::Origin;
use crate::processes::{self, Running};

pub(super) const DERIVED: Derived = Derived {
    name: "running",
    after: &["units"],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "kubelet.running",
        Type::Bool,
        "a process of the kubelet, or of the program that embeds it, exists",
    )
    .needs("list of processes", "ps aux"),
    FactDecl::new("kubelet.pid", Type::Int, "process id of the kubelet")
        .needs("list of processes", "ps aux"),
    FactDecl::new(
        "runtime.running",
        Type::Bool,
        "a process of the container runtime exists",
    )
    .needs("list of processes", "ps aux"),
    FactDecl::new("host.processes", Type::Records, "processes")
        .needs("list of processes", "ps aux"),
    FactDecl::new("host.processes[].pid", Type::Int, ""),
    FactDecl::new(
        "host.processes[].name",
        Type::Text,
        "program, without folder",
    ),
    FactDecl::new(
        "host.processes[].args",
        Type::Text,
        "command line, parted by blanks; only of Kubernetes and runtime programs in our bundles",
    ),
];

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    let kubelet = processes::kubelet(evidence);
    if let Some(one) = &kubelet {
        let pid = Value::Int(one.process.pid);
        evidence
            .facts
            .set("kubelet.pid", Fact::new(pid, one.origin.clone()));
    }
    let unit = state_of_units(evidence, &["kubelet.unit"]);
    if let Some(fact) = running(evidence, kubelet.as_ref(), unit) {
        evidence.facts.set("kubelet.running", fact);
    }
    let runtime = processes::runtime(evidence).map(|(one, _)| one);
    let unit = runtime_unit(evidence);
    if let Some(fact) = running(evidence, runtime.as_ref(), unit) {
        evidence.facts.set("runtime.running", fact);
    }
    let list: Vec<Fact> = processes::running(evidence).iter().map(record).collect();
    if !list.is_empty() {
        evidence.facts.set("host.processes", Fact::list(list));
    }
}

/// A process proves it, a list of all processes disproves it, else the unit's state tells.
fn running(evidence: &Evidence, process: Option<&Running>, unit: Option<Fact>) -> Option<Fact> {
    if let Some(one) = process {
        return Some(Fact::new(Value::Bool(true), one.origin.clone()));
    }
    if let Some(origin) = processes::all_listed(evidence) {
        return Some(Fact::new(Value::Bool(false), origin));
    }
    unit
}

/// Whether a unit under a path is up, as far as its state was read.
fn state_of_units(evidence: &Evidence, paths: &[&str]) -> Option<Fact> {
    paths.iter().find_map(|path| {
        let fact = |field: &str| evidence.facts.get(&format!("{path}.{field}"));
        let active = fact("active_state");
        let up = match (
            active.and_then(Fact::as_text),
            fact("sub_state").and_then(Fact::as_text),
        ) {
            (Some("active"), _) | (Some("activating"), Some("start" | "start-post")) => true,
            (Some(_), _) => false,
            (None, _) if fact("load_state").and_then(Fact::as_text) == Some("not-found") => false,
            (None, _) => return None,
        };
        let origins = active
            .or_else(|| fact("load_state"))
            .map(|fact| fact.origins.clone())
            .unwrap_or_default();
        Some(Fact {
            value: Value::Bool(up),
            origins,
        })
    })
}

/// State of the runtime's unit: of those that are there, one that is up wins.
fn runtime_unit(evidence: &Evidence) -> Option<Fact> {
    let mut down = None;
    for unit in evidence.facts.get("units")?.items() {
        let text = |field: &str| unit.field(field).and_then(Fact::as_text);
        if !text("name").is_some_and(|name| RUNTIME_UNITS.contains(&name)) {
            continue;
        }
        let Some(active) = unit.field("active_state") else {
            continue;
        };
        let origin = active.origins.first().cloned();
        let origin = origin.unwrap_or_else(|| Origin::entry("units"));
        if active.as_text() == Some("active") {
            return Some(Fact::new(Value::Bool(true), origin));
        }
        if text("load_state") != Some("not-found") {
            down = Some(Fact::new(Value::Bool(false), origin));
        }
    }
    down
}

fn record(one: &Running) -> Fact {
    let args = one
        .process
        .argv
        .as_ref()
        .map(|argv| Value::Text(argv.join(" ")));
    let name = processes::program(&one.process).map(Value::from);
    Fact::record(
        [
            ("pid", Some(Value::Int(one.process.pid))),
            ("name", name),
            ("args", args),
        ],
        &one.origin,
    )
}

const RUNTIME_UNITS: &[&str] = &[
    "containerd.service",
    "crio.service",
    "docker.service",
    "cri-docker.service",
    "snap.microk8s.daemon-containerd.service",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::LogDigest;
    use crate::observed::{AllProcesses, Process, UnitState};

    fn derived(evidence: &mut Evidence) {
        let logs = LogDigest::default();
        let context = Context {
            logs: &logs,
            now: None,
        };
        (crate::facts::ALL
            .iter()
            .find(|one| one.name == "units")
            .unwrap()
            .derive)(evidence, &context);
        derive(evidence, &context);
    }

    fn unit(name: &str, active: &str) -> UnitState {
        let mut state = UnitState::new(name, 1);
        state.text("active_state", active, Origin::line("show.txt", 3));
        state
    }

    #[test]
    fn a_list_of_all_processes_wins_over_a_unit_that_is_between_restarts() {
        let mut evidence = Evidence::default();
        evidence.push(unit("kubelet.service", "active"), Origin::entry("show.txt"));
        evidence.push(AllProcesses, Origin::entry("ps.txt"));
        derived(&mut evidence);
        assert_eq!(evidence.facts.bool("kubelet.running"), Some(false));
    }

    #[test]
    fn units_tell_where_no_process_list_was_taken() {
        let mut evidence = Evidence::default();
        evidence.push(
            unit("kubelet.service", "activating"),
            Origin::entry("show.txt"),
        );
        evidence.push(
            unit("containerd.service", "active"),
            Origin::entry("show.txt"),
        );
        derived(&mut evidence);
        assert_eq!(evidence.facts.bool("kubelet.running"), Some(false));
        assert_eq!(evidence.facts.bool("runtime.running"), Some(true));
    }

    #[test]
    fn nothing_read_is_nothing_known() {
        let mut evidence = Evidence::default();
        derived(&mut evidence);
        assert!(evidence.facts.get("kubelet.running").is_none());
        let process = Process {
            pid: 5,
            name: Some("kubelet".into()),
            ..Process::default()
        };
        evidence.push(process, Origin::entry("proc/5/comm"));
        derived(&mut evidence);
        assert_eq!(evidence.facts.bool("kubelet.running"), Some(true));
        assert_eq!(evidence.facts.int("kubelet.pid"), Some(5));
    }
}
