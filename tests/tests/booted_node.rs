//! The collector on a node that runs: systemd, journald, D-Bus and containerd in a booted container, and a kubelet that
//! starts again and again because of a flag that it does not know.
//!
//! The tests share one node; whatever ends this program, the node's keeper takes it away.

use crate::programs::{causes, entries, folder, ids, report, skip, target, text};
use nodebundle_fixtures::booted::{BootedNode, User};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Output;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

#[test]
fn states_of_units_are_those_that_systemd_tells() {
    let Some(seen) = seen_by_root() else { return };
    let units = seen.json("facts/units.json");
    assert_eq!(units["from"], "bus", "{units}");
    let kubelet = item(&units["units"], "Id", "kubelet.service");
    assert_eq!(kubelet["LoadState"], "loaded");
    assert_eq!(kubelet["UnitFileState"], "enabled");
    assert_exit_status(kubelet);
    assert_eq!(kubelet["NeedDaemonReload"], false);
    assert!(kubelet["NRestarts"].as_i64().unwrap() > 0, "{kubelet}");
    let Restarts { before, after } = &seen.kubelet_restarts;
    let restarts = kubelet["NRestarts"].as_i64().unwrap();
    assert!((*before..=*after).contains(&restarts), "{restarts}");
    let drop_in = "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf";
    assert_eq!(kubelet["DropInPaths"][0], drop_in);

    let containerd = item(&units["units"], "Id", "containerd.service");
    assert_eq!(containerd["ActiveState"], "active");
    assert_eq!(containerd["MainPID"], seen.containerd_pid);
    let missing = item(&units["units"], "Id", "crio.service");
    assert_eq!(missing["LoadState"], "not-found");
    let never_checked = item(&units["units"], "Id", "cri-docker.service");
    assert!(never_checked["ConditionResult"].is_null());
    // `chronyd.service` is another name of `chrony.service`, not a second, disabled unit.
    let ids = units["units"].as_array().unwrap().iter();
    let ids: Vec<&str> = ids.map(|unit| unit["Id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"chrony.service") && !ids.contains(&"chronyd.service"));
}

#[test]
fn failed_units_and_what_the_kubelet_follows_are_told() {
    let Some(seen) = seen_by_root() else { return };
    let systemd = seen.json("facts/systemd.json");
    assert_eq!(systemd["manager"]["SystemState"], "degraded", "{systemd}");
    let failed = item(&systemd["failed"], "Id", "node-setup.service");
    assert_eq!(failed["ActiveState"], "failed");
    let target = item(&systemd["kubelet_needs"], "Id", "network-online.target");
    assert_eq!(target["Relation"], "Wants");
    assert_eq!(target["ActiveState"], "active");
    assert_eq!(systemd["default_target"]["link"], "graphical.target");
}

#[test]
fn the_kubelets_journal_is_the_one_that_journalctl_shows() {
    let Some(seen) = seen_by_root() else { return };
    let stored = seen.text("journal/kubelet.service/0001.log");
    let stored: Vec<&str> = stored
        .lines()
        .filter(|line| !line.starts_with("-- "))
        .collect();
    let boots = seen.text("journal/kubelet.service/0001.log");
    let boots = boots.lines().filter(|line| line.starts_with("-- Boot "));
    assert_eq!(
        boots.count(),
        2,
        "the journal of the boot before is there too"
    );
    let shown: Vec<String> = seen.journalctl.lines().map(record).collect();
    assert!(shown.len() > 20, "{shown:?}");
    // The kubelet went on while the collector read.
    assert!(
        stored.len() >= shown.len(),
        "{} of {}",
        stored.len(),
        shown.len()
    );
    for (stored, shown) in stored.iter().zip(&shown) {
        assert_eq!(stored, shown);
    }
}

#[test]
fn the_runtime_socket_answers_and_a_sleeping_one_is_not_woken() {
    let Some(seen) = seen_by_root() else { return };
    let cri = seen.json("probes/cri.json");
    let containerd = item(&cri["sockets"], "path", "/run/containerd/containerd.sock");
    assert_eq!(containerd["connect"], "ok", "{containerd}");
    assert_eq!(containerd["listener_pid"], seen.containerd_pid);
    let runtime = item(
        &cri["runtimes"],
        "socket",
        "/run/containerd/containerd.sock",
    );
    assert_eq!(runtime["api"], "v1", "{runtime}");
    assert_eq!(runtime["name"], "containerd");
    let network = item(&cri["conditions"], "type", "NetworkReady");
    assert!(network["status"].is_boolean(), "{network}");
    let sleeping = item(&cri["sockets"], "path", "/run/cri-dockerd.sock");
    assert_eq!(sleeping["connect"], "skipped");
    assert_eq!(sleeping["reason"], "socket-activated");
    let sockets = seen.json("facts/sockets.json");
    let listening = sockets["sockets"].as_array().unwrap().iter();
    let ours = listening.filter(|socket| socket["pid"] == seen.containerd_pid);
    assert!(
        ours.count() > 0,
        "containerd's streaming port has its owner"
    );
}

#[test]
fn nothing_on_the_node_changes() {
    let Some(seen) = seen_by_root() else { return };
    assert_eq!(
        seen.before.units, seen.after.units,
        "a unit was started or stopped"
    );
    let added: Vec<_> = seen.after.files.difference(&seen.before.files).collect();
    assert!(added.is_empty(), "written outside the output: {added:?}");
    let gone: Vec<_> = seen.before.files.difference(&seen.after.files).collect();
    assert!(gone.is_empty(), "removed: {gone:?}");
    assert_eq!(seen.complaints, "", "the journal has errors since");
}

#[test]
fn the_cause_is_named_from_the_live_bundle() {
    let Some(seen) = seen_by_root() else { return };
    let report = report(&seen.bundle, &[]);
    let causes = causes(&report);
    assert_eq!(causes[0], "flag-removed-dockershim-era", "{causes:?}");
    assert_eq!(report["node"]["name"], "worker-7");
    assert_eq!(report["verdict"]["state"], "broken");
    let symptoms = report["symptoms"].as_array().unwrap().iter();
    // The node lacks a network configuration too; what the kubelet itself shows follows from the cause.
    for symptom in symptoms.filter(|one| one["id"].to_string().contains("kubelet")) {
        let by = symptom["explained_by"].as_array();
        assert!(by.is_some_and(|by| !by.is_empty()), "{symptom}");
    }
}

#[test]
fn without_rights_the_bundle_is_usable_and_says_what_stays_open() {
    let Some(node) = node() else { return };
    let node = locked(node);
    let output = collect(&node, User::Nobody, "/tmp/nobody.tar.gz", &[]);
    let words = words(&output);
    assert_eq!(output.status.code(), Some(0), "{words}");
    assert!(words.contains("Not readable without root"), "{words}");
    assert!(words.contains("the journals"), "{words}");
    let bundle = fetch(&node, "/tmp/nobody.tar.gz");
    let units: Value = serde_json::from_slice(&entries(&bundle)["facts/units.json"]).unwrap();
    let kubelet = item(&units["units"], "Id", "kubelet.service");
    assert_exit_status(kubelet);
    let report = report(&bundle, &[]);
    let symptoms = ids(&report["symptoms"]);
    assert!(
        symptoms.contains(&"kubelet-crash-loop".to_owned()),
        "{symptoms:?}"
    );
    let open = report["unknown"].to_string();
    assert!(open.contains("journalctl"), "{open}");
}

#[test]
fn without_the_bus_root_asks_systemd_itself_and_without_both_the_files() {
    let Some(node) = node() else { return };
    let node = locked(node);
    // Its socket stays, and would start it again.
    node.run(&["systemctl", "stop", "dbus.service"]);
    let output = collect(&node, User::Root, "/tmp/direct.tar.gz", &["--no-probes"]);
    let direct = fetch(&node, "/tmp/direct.tar.gz");
    let nobody = collect(&node, User::Nobody, "/tmp/files.tar.gz", &["--no-probes"]);
    let files = fetch(&node, "/tmp/files.tar.gz");
    let bus = node.says(&["systemctl", "is-active", "dbus.service"]);
    node.run(&["systemctl", "start", "dbus.service"]);
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    assert_eq!(nobody.status.code(), Some(0), "{}", words(&nobody));
    assert_eq!(bus.trim(), "inactive", "the bus was started");
    let units: Value = serde_json::from_slice(&entries(&direct)["facts/units.json"]).unwrap();
    assert_eq!(units["from"], "systemd");
    let containerd = item(&units["units"], "Id", "containerd.service");
    assert_eq!(containerd["ActiveState"], "active");
    let units: Value = serde_json::from_slice(&entries(&files)["facts/units.json"]).unwrap();
    assert_eq!(units["from"], "files", "{units}");
    let kubelet = item(&units["units"], "Id", "kubelet.service");
    assert_eq!(kubelet["UnitFileState"], "enabled");
}

/// What one run as root found, and what was there before and after it.
struct Seen {
    bundle: std::path::PathBuf,
    entries: BTreeMap<String, Vec<u8>>,
    /// Records of the kubelet just before, as `journalctl` exports them.
    journalctl: String,
    kubelet_restarts: Restarts,
    containerd_pid: i64,
    before: State,
    after: State,
    /// Errors in the journal since the run began.
    complaints: String,
}

/// Restarts of the kubelet before and after.
struct Restarts {
    before: i64,
    after: i64,
}

/// What a run must not change.
struct State {
    /// Units but the kubelet's, with what they do.
    units: BTreeSet<String>,
    /// Files but journals and the kernel's own.
    files: BTreeSet<String>,
}

impl Seen {
    fn text(&self, entry: &str) -> String {
        let bytes = self.entries.get(entry);
        text(bytes.unwrap_or_else(|| panic!("no {entry} in the bundle")))
    }

    fn json(&self, entry: &str) -> Value {
        serde_json::from_str(&self.text(entry)).unwrap()
    }
}

/// The run as root that several tests look at; `None`, said loudly, where no node can be booted.
fn seen_by_root() -> Option<&'static Seen> {
    static SEEN: OnceLock<Option<Seen>> = OnceLock::new();
    let node = node()?;
    SEEN.get_or_init(|| Some(look(&locked(node)))).as_ref()
}

fn look(node: &BootedNode) -> Seen {
    let export = ["journalctl", "-u", "kubelet", "-o", "json", "--no-pager"];
    let before = state(node);
    let restarts_before = number(node, "kubelet", "NRestarts");
    let journalctl = node.says(&export);
    let now = node.says(&["date", "-u", "+%F %T UTC"]);
    let output = collect(node, User::Root, "/tmp/root.tar.gz", &[]);
    let words = words(&output);
    assert_eq!(output.status.code(), Some(0), "{words}");
    let restarts_after = number(node, "kubelet", "NRestarts");
    let after = state(node);
    let since = format!("--since={}", now.trim());
    let errors = [
        "journalctl",
        "-p",
        "err",
        "-q",
        "--no-pager",
        since.as_str(),
    ];
    let complaints = node.says(&errors);
    let bundle = fetch(node, "/tmp/root.tar.gz");
    Seen {
        entries: entries(&bundle),
        bundle,
        journalctl,
        kubelet_restarts: Restarts {
            before: restarts_before,
            after: restarts_after,
        },
        containerd_pid: number(node, "containerd", "MainPID"),
        before,
        after,
        complaints,
    }
}

fn state(node: &BootedNode) -> State {
    let units = [
        "systemctl",
        "list-units",
        "--all",
        "--plain",
        "--no-legend",
        "--no-pager",
    ];
    let units = node.says(&units);
    let units = units
        .lines()
        .filter(|line| !line.starts_with("kubelet.service"));
    let files = node.says(&["sh", "-c", FILES]);
    let files = files
        .lines()
        .filter(|line| !line.starts_with("/tmp/root.tar.gz"));
    State {
        units: units.map(columns).collect(),
        files: files.map(str::to_owned).collect(),
    }
}

/// Every file with its size and time, and the names in the node's own memory; but journals, and what systemd and journald
/// write there of each start of the kubelet.
const FILES: &str = "find / -xdev -type f -not -path '/var/log/journal/*' -printf '%p %s %T@\\n'; \
    find /run /tmp -not -path '/run/systemd/units/*' -not -path '/run/systemd/journal/streams/*' -not -path '/run/log/*'";

/// Name and three states, without the description.
fn columns(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().take(4).collect();
    words.join(" ")
}

fn number(node: &BootedNode, unit: &str, property: &str) -> i64 {
    let shown = node.says(&["systemctl", "show", "-P", property, unit]);
    shown.trim().parse().unwrap()
}

/// The kubelet ended with 1, unless it was just being started again.
fn assert_exit_status(kubelet: &Value) {
    let expected = i64::from(kubelet["SubState"] != "running");
    assert_eq!(kubelet["ExecMainStatus"], expected, "{kubelet}");
}

/// Whatever a program printed.
fn words(ended: &Output) -> String {
    text(&ended.stdout) + &text(&ended.stderr)
}

/// Collects inside; again, at most twice, when a busy machine kept systemd or a disk from answering in time.
fn collect(node: &BootedNode, user: User, output: &str, more: &[&str]) -> Output {
    let mut tries = 0;
    loop {
        tries += 1;
        let mut command = node.command(user, "/usr/local/bin/nodebundle-collector");
        command.args(["-o", output]).args(more);
        let ended = command.output().unwrap();
        if ended.status.code() != Some(1) || tries == 3 {
            return ended;
        }
        node.run(&["rm", output, &format!("{output}.sha256")]);
    }
}

/// Copies a file out of the node's own `/tmp`.
fn fetch(node: &BootedNode, path: &str) -> std::path::PathBuf {
    let bytes = node.run(&["cat", path]).stdout;
    let name = path.rsplit('/').next().unwrap();
    let copy = node.root().with_file_name(name);
    std::fs::write(&copy, bytes).unwrap();
    copy
}

/// A record of `journalctl -o json` as the bundle writes it: when journald received it, host, who, what.
fn record(line: &str) -> String {
    let record: Value = serde_json::from_str(line).unwrap();
    let field = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let micros: i64 = field("__REALTIME_TIMESTAMP").parse().unwrap();
    let time = chrono::DateTime::from_timestamp_micros(micros).unwrap();
    let time = time.format("%Y-%m-%dT%H:%M:%S%.6fZ");
    let (who, pid) = (field("SYSLOG_IDENTIFIER"), field("_PID"));
    format!(
        "{time} {} {who}[{pid}]: {}",
        field("_HOSTNAME"),
        field("MESSAGE")
    )
}

fn item<'a>(list: &'a Value, key: &str, value: &str) -> &'a Value {
    let mut items = list.as_array().unwrap().iter();
    let found = items.find(|item| item[key] == value);
    found.unwrap_or_else(|| panic!("no {value} in {list}"))
}

/// The node, booted twice so that its journal has a boot before; `None`, said loudly, where that cannot be.
fn node() -> Option<&'static Mutex<BootedNode>> {
    static NODE: OnceLock<Option<Mutex<BootedNode>>> = OnceLock::new();
    NODE.get_or_init(|| match boot() {
        Ok(node) => Some(Mutex::new(node)),
        Err(why) => skip(&format!("a booted node: {why}")),
    })
    .as_ref()
}

/// The node, also when a test failed that had it.
fn locked(node: &Mutex<BootedNode>) -> MutexGuard<'_, BootedNode> {
    node.lock().unwrap_or_else(PoisonError::into_inner)
}

fn boot() -> Result<BootedNode, String> {
    let programs = folder();
    let mut node = BootedNode::boot(target(programs), |root| {
        let collector = root.join("usr/local/bin/nodebundle-collector");
        std::fs::copy(programs.join("nodebundle-collector"), collector).unwrap();
    })?;
    wait_for_restarts(&node, 2);
    node.run(&["journalctl", "--rotate"]);
    wait_for_restarts(&node, 3);
    node.reboot()?;
    wait_for_restarts(&node, 2);
    node.run(&["journalctl", "--rotate"]);
    Ok(node)
}

fn wait_for_restarts(node: &BootedNode, wanted: i64) {
    for _ in 0..600 {
        if number(node, "kubelet", "NRestarts") >= wanted {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("the kubelet's unit does not restart");
}
