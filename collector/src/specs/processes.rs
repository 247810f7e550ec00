//! Processes: who runs, and what may be told of the kubelet's and the runtime's.

use crate::facts;
use crate::host::Host;
use crate::host::wire::Failure;
use crate::node::Node;
use crate::node::processes::Process;
use crate::spec::{Item, KIB, Rewritten, Sensitivity, Source, Spec, Tier, anything};
use chrono::{DateTime, SecondsFormat};
use nodebundle_bundle::Outcome;
use serde_json::{Map, Value, json};

pub(crate) const SPEC: Spec = Spec {
    name: "processes",
    about: "processes of the kubelet and the runtime",
    items: &[
        Item {
            name: "list",
            catalog: "O7",
            kind: "processes",
            source: Source::Fact {
                topic: "processes",
                make: list,
            },
            cap: 256 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Mixed,
            reason: "does it run, since when, is it stuck",
        },
        Item {
            name: "cmdline",
            catalog: "K2",
            kind: "argv",
            source: Source::Named {
                what: "/proc/PID/cmdline of kubelet and runtime",
                paths: |node| of_interest(node, &["cmdline"]),
                accepts: anything,
            },
            cap: 64 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Mixed,
            reason: "flags that override the file, flags that were removed",
        },
        Item {
            name: "environment",
            catalog: "K3",
            kind: "environment",
            source: Source::Rewritten {
                what: "/proc/PID/environ of kubelet and runtime, values of known names only",
                make: environments,
            },
            cap: 32 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Mixed,
            reason: "a proxy that catches API traffic, an empty variable",
        },
        Item {
            name: "state",
            catalog: "K4",
            kind: "process-state",
            source: Source::Named {
                what: "/proc/PID/{status,limits,cgroup,comm} of kubelet and runtime",
                paths: |node| of_interest(node, &["status", "limits", "cgroup", "comm"]),
                accepts: anything,
            },
            cap: 64 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Public,
            reason: "stuck, starved, out of descriptors",
        },
    ],
};

fn of_interest(node: &Node, files: &[&str]) -> Vec<String> {
    let processes = node
        .processes
        .iter()
        .filter(|process| process.is_of_interest());
    processes
        .flat_map(|process| {
            files
                .iter()
                .map(move |file| format!("/proc/{}/{file}", process.pid))
        })
        .collect()
}

fn list(host: &mut Host, node: &Node) -> Result<String, Failure> {
    if node.processes.is_empty() {
        return Err(Failure::new(
            Outcome::NotApplicable,
            "no processes in this tree",
        ));
    }
    let boot = host.line("/proc/stat").and_then(|text| boot_time(&text));
    let kept = node
        .processes
        .iter()
        .filter(|process| host.is_live() || process.is_of_interest())
        .take(MAX_PROCESSES);
    let lines: Vec<Value> = kept.map(|process| describe(process, boot)).collect();
    Ok(facts::list("processes", &lines))
}

fn boot_time(stat: &str) -> Option<i64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    line.trim().parse().ok()
}

fn describe(process: &Process, boot: Option<i64>) -> Value {
    let mut fields = Map::new();
    fields.insert("pid".into(), json!(process.pid));
    fields.insert("comm".into(), json!(process.comm));
    if let Some(state) = &process.state {
        fields.insert("state".into(), json!(state));
    }
    if let (Some(ticks), Some(boot)) = (process.start_ticks, boot) {
        let per_second = rustix::param::clock_ticks_per_second().max(1);
        let seconds = boot.saturating_add_unsigned(ticks / per_second);
        if let Some(started) = DateTime::from_timestamp(seconds, 0) {
            let text = started.to_rfc3339_opts(SecondsFormat::Secs, true);
            fields.insert("started".into(), json!(text));
        }
    }
    if let Some(unit) = &process.unit {
        fields.insert("unit".into(), json!(unit));
    }
    if let Some(argv) = &process.argv {
        fields.insert("argv".into(), json!(argv));
    }
    Value::Object(fields)
}

fn environments(host: &mut Host, node: &Node) -> Vec<Rewritten> {
    of_interest(node, &["environ"])
        .into_iter()
        .map(|path| {
            let taken = host.read(&path, 64 * KIB).map(|mut taken| {
                taken.bytes = known_names_only(&taken.bytes);
                taken
            });
            (path, taken)
        })
        .collect()
}

/// Values of names off the list are replaced by a placeholder; the order stays.
fn known_names_only(environ: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    for entry in environ
        .split(|byte| *byte == 0)
        .filter(|entry| !entry.is_empty())
    {
        let end = entry.iter().position(|byte| *byte == b'=');
        let (name, value) = entry.split_at(end.unwrap_or(entry.len()));
        let text = String::from_utf8_lossy(name);
        kept.extend_from_slice(name);
        if is_known(&text) {
            kept.extend_from_slice(value);
        } else {
            kept.extend_from_slice(b"=REDACTED(not-stored)");
        }
        kept.push(0);
    }
    kept
}

fn is_known(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    upper.ends_with("_PROXY") || upper.starts_with("KUBELET_") || KNOWN.contains(&upper.as_str())
}

const KNOWN: &[&str] = &[
    "GODEBUG",
    "GOMAXPROCS",
    "GOGC",
    "NODE_IP",
    "KUBECONFIG",
    "AWS_REGION",
    "PATH",
    "TZ",
    "LANG",
    "HOME",
    "INVOCATION_ID",
    "NOTIFY_SOCKET",
    "HOSTNAME",
    "CONTAINERD_NAMESPACE",
];

/// A node with more is listed in part.
const MAX_PROCESSES: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_of_known_names_leave_the_environment() {
        let environ = b"HTTPS_PROXY=http://p:3128\0MY_PASSWORD=hunter2\0NO_PROXY=\0odd\0";
        assert_eq!(
            String::from_utf8_lossy(&known_names_only(environ)),
            "HTTPS_PROXY=http://p:3128\0MY_PASSWORD=REDACTED(not-stored)\0NO_PROXY=\0odd=REDACTED(not-stored)\0"
        );
    }
}
