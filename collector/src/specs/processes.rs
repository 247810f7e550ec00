//! Processes: who runs, and what may be told of the kubelet's and the runtime's.

use crate::facts;
use crate::host::Host;
use crate::host::wire::{Failure, Keep};
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
            catalog: "O7 K4",
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
                what: "/proc/PID/{status,limits,cgroup,comm,oom_score_adj} of kubelet and runtime",
                paths: |node| {
                    of_interest(
                        node,
                        &["status", "limits", "cgroup", "comm", "oom_score_adj"],
                    )
                },
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
    let live = host.is_live();
    let kept = node
        .processes
        .iter()
        .filter(|process| live || process.is_of_interest() || runs_containers(&process.comm))
        .take(MAX_PROCESSES);
    let lines: Vec<Value> = kept
        .map(|process| {
            let mut fields = describe(process, boot);
            held(host, node, process, &mut fields);
            Value::Object(fields)
        })
        .collect();
    Ok(facts::list("processes", &lines))
}

/// The processes above containers, whose absence tells that no container runs; `comm` is cut at 15 characters.
fn runs_containers(comm: &str) -> bool {
    comm.starts_with("containerd-shim") || comm.starts_with("conmon")
}

fn boot_time(stat: &str) -> Option<i64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    line.trim().parse().ok()
}

fn describe(process: &Process, boot: Option<i64>) -> Map<String, Value> {
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
    if let Some(pages) = process.rss_pages {
        let kib = pages * rustix::param::page_size() as u64 / 1024;
        fields.insert("rss_kib".into(), json!(kib));
    }
    if let Some(ticks) = process.cpu_ticks {
        let per_second = rustix::param::clock_ticks_per_second().max(1);
        fields.insert("cpu_seconds".into(), json!(ticks / per_second));
    }
    if let Some(threads) = process.threads {
        fields.insert("threads".into(), json!(threads));
    }
    fields
}

/// Open descriptors, and what blocked threads wait for: of the kubelet and the runtime every thread is looked at.
fn held(host: &mut Host, node: &Node, process: &Process, fields: &mut Map<String, Value>) {
    let mut descriptors = node.descriptors.iter();
    if let Some(held) = descriptors.find(|held| held.pid == process.pid) {
        fields.insert("descriptors".into(), json!(held.count));
    }
    let blocked = if process.is_of_interest() {
        blocked_threads(host, process.pid)
    } else if process.state.as_deref() == Some("D") {
        let waits = waits_in(host, &format!("/proc/{}", process.pid));
        vec![json!({"tid": process.pid, "waits_in": waits})]
    } else {
        Vec::new()
    };
    if !blocked.is_empty() {
        fields.insert("blocked".into(), json!(blocked));
    }
}

fn blocked_threads(host: &mut Host, pid: u32) -> Vec<Value> {
    let folder = format!("/proc/{pid}/task");
    let Ok(listing) = host.list(&folder) else {
        return Vec::new();
    };
    let mut blocked = Vec::new();
    for entry in listing.entries.iter().take(MAX_THREADS) {
        let thread = format!("{folder}/{}", entry.name);
        let stat = host.read_once(&format!("{thread}/stat"), 4 * KIB, Keep::Start);
        let is_blocked = stat.is_ok_and(|taken| {
            let text = taken.text();
            text.rsplit_once(") ")
                .is_some_and(|(_, rest)| rest.starts_with('D'))
        });
        if is_blocked {
            let tid = entry.name.parse::<u32>().ok();
            blocked.push(json!({"tid": tid, "waits_in": waits_in(host, &thread)}));
        }
    }
    blocked
}

/// The kernel function in which a thread waits; `None` where the kernel does not tell.
fn waits_in(host: &mut Host, thread: &str) -> Option<String> {
    let taken = host
        .read_once(&format!("{thread}/wchan"), KIB, Keep::Start)
        .ok()?;
    Some(taken.text()).filter(|name| !name.is_empty() && name != "0")
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

/// Of a process with more threads the first are looked at.
const MAX_THREADS: usize = 300;

/// A node with more is listed in part.
const MAX_PROCESSES: usize = 1000;

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests build trees with the standard library"
    )]

    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_blocked_thread_of_the_kubelet_is_told_with_what_it_waits_for() {
        let scratch = Scratch::new();
        for (tid, state) in [("7", "S"), ("8", "D")] {
            let thread = scratch.path().join("proc/7/task").join(tid);
            std::fs::create_dir_all(&thread).unwrap();
            std::fs::write(
                thread.join("stat"),
                format!("{tid} (kubelet) {state} 1 0 0"),
            )
            .unwrap();
            std::fs::write(thread.join("wchan"), "rpc_wait_bit_killable").unwrap();
        }
        let mut host = Host::direct(scratch.path());
        assert_eq!(
            blocked_threads(&mut host, 7),
            [json!({"tid": 8, "waits_in": "rpc_wait_bit_killable"})]
        );
    }

    #[test]
    fn only_values_of_known_names_leave_the_environment() {
        let environ = b"HTTPS_PROXY=http://p:3128\0MY_PASSWORD=hunter2\0NO_PROXY=\0odd\0";
        assert_eq!(
            String::from_utf8_lossy(&known_names_only(environ)),
            "HTTPS_PROXY=http://p:3128\0MY_PASSWORD=REDACTED(not-stored)\0NO_PROXY=\0odd=REDACTED(not-stored)\0"
        );
    }
}
