//! What Docker's engine says of itself over its own socket: `GET /version` and `/info`, by a list of fields.

use crate::facts;
use crate::host::Host;
use crate::node::{Node, unique};
use crate::probe::{Probe, ProbeContext, ProbeResult};
use crate::runtime_sockets;
use nodebundle_bundle::Outcome;
use serde_json::{Map, Value, json};
use std::time::Duration;

pub(crate) const PROBE: Probe = Probe {
    name: "docker",
    catalog: "CR7",
    about: "GET /version and /info of Docker's socket, where the engine already runs",
    reason: "the cgroup driver that holds, an engine that hangs, a storage driver or mirror that was not meant",
    on_request: false,
    run: probe,
};

#[allow(
    clippy::unnecessary_wraps,
    reason = "every probe is run by one signature"
)]
fn probe(context: &mut ProbeContext<'_>) -> ProbeResult {
    let unix = context.host.line("/proc/net/unix").unwrap_or_default();
    let mut sockets = Vec::new();
    let mut said = Said::default();
    for path in paths(context.node) {
        let socket = runtime_sockets::approach(context.host, context.node, &unix, &path);
        if runtime_sockets::is_open(&socket) {
            said.ask(context.host, &path);
        }
        sockets.push(socket);
    }
    Ok(facts::document(
        &[],
        &[
            ("sockets", &sockets),
            ("settings", &said.settings),
            ("registries", &said.registries),
            ("warnings", &said.warnings),
            ("unanswered", &said.unanswered),
        ],
    ))
}

/// The usual socket, and those that a running engine was told to use.
fn paths(node: &Node) -> Vec<String> {
    let engines = node.processes.iter();
    let engines = engines.filter(|process| process.comm == "dockerd");
    let words = engines.filter_map(|engine| engine.argv.as_ref()).flatten();
    let told = words.filter_map(|word| {
        let path = word.rsplit_once("unix://")?.1;
        path.starts_with('/').then(|| path.to_owned())
    });
    unique(std::iter::once(USUAL.to_owned()).chain(told))
}

/// What the engines said, one item a line later.
#[derive(Debug, Default)]
struct Said {
    settings: Vec<Value>,
    registries: Vec<Value>,
    warnings: Vec<Value>,
    unanswered: Vec<Value>,
}

impl Said {
    fn ask(&mut self, host: &mut Host, socket: &str) {
        if let Some(version) = self.answer(host, socket, "/version") {
            self.version(socket, &version);
        }
        if let Some(info) = self.answer(host, socket, "/info") {
            self.info(socket, &info);
        }
    }

    /// An object, or a note of why there is none.
    fn answer(&mut self, host: &mut Host, socket: &str, question: &str) -> Option<Value> {
        let (outcome, message) = match host.get(socket, question, TIME) {
            Ok((200, body)) => match serde_json::from_slice(&body) {
                Ok(answer) => return Some(answer),
                Err(_) => (Outcome::Error, "its answer is no JSON".to_owned()),
            },
            Ok((status, _)) => (Outcome::Error, format!("it answers with status {status}")),
            Err(failure) => {
                let message = failure.reason.or(failure.errno);
                (failure.outcome, message.unwrap_or_default())
            }
        };
        self.unanswered.push(json!({
            "socket": socket, "question": question, "outcome": outcome, "message": message,
        }));
        None
    }

    fn fields(&mut self, socket: &str, answer: &Value, fields: &[(&str, &str)]) {
        for (path, key) in fields {
            self.setting(socket, key, answer.pointer(path).unwrap_or(&Value::Null));
        }
    }

    /// Numbers, switches, short texts and lists of those; anything else is left out.
    fn setting(&mut self, socket: &str, key: &str, value: &Value) {
        let short = |value: &Value| value.as_str().is_none_or(|text| text.len() <= MAX_TEXT);
        let kept = match value {
            Value::Bool(_) | Value::Number(_) => true,
            Value::String(text) => !text.is_empty() && short(value),
            Value::Array(items) => {
                !items.is_empty()
                    && items.len() <= MAX_ITEMS
                    && items.iter().all(|item| item.is_string() && short(item))
            }
            Value::Null | Value::Object(_) => false,
        };
        if kept {
            self.settings
                .push(json!({"socket": socket, "key": key, "value": value}));
        }
    }

    fn version(&mut self, socket: &str, version: &Value) {
        self.fields(socket, version, VERSION);
        for part in list(version, "/Components") {
            let word = |key| part.get(key).and_then(Value::as_str).unwrap_or_default();
            let key = format!("component.{}", word("Name"));
            self.setting(socket, &key, &json!(word("Version")));
        }
    }

    fn info(&mut self, socket: &str, info: &Value) {
        self.fields(socket, info, INFO);
        let runtimes = info.get("Runtimes").and_then(Value::as_object);
        let runtimes: Vec<&String> = runtimes.into_iter().flat_map(Map::keys).collect();
        self.setting(socket, "runtimes", &json!(runtimes));
        for line in list(info, "/DriverStatus") {
            if let Some([Value::String(name), value]) = line.as_array().map(Vec::as_slice) {
                self.setting(socket, &format!("storage.{name}"), value);
            }
        }
        for (place, key) in REGISTRIES {
            for name in list(info, place).filter(|name| name.is_string()) {
                self.registries.push(json!({"socket": socket, *key: name}));
            }
        }
        for warning in list(info, "/Warnings").filter_map(Value::as_str) {
            let text: String = warning.chars().take(MAX_TEXT).collect();
            self.warnings.push(json!({"socket": socket, "text": text}));
        }
    }
}

fn list<'a>(info: &'a Value, place: &str) -> impl Iterator<Item = &'a Value> {
    let items = info.pointer(place).and_then(Value::as_array);
    items.into_iter().flatten().take(MAX_ITEMS)
}

/// Where the engine listens unless it was told otherwise.
const USUAL: &str = "/run/docker.sock";

/// Fields of `/version`, and how they are called here.
const VERSION: &[(&str, &str)] = &[
    ("/Version", "version"),
    ("/ApiVersion", "api_version"),
    ("/MinAPIVersion", "min_api_version"),
    ("/GitCommit", "git_commit"),
    ("/GoVersion", "go_version"),
    ("/Experimental", "experimental"),
];

/// Fields of `/info`, and how they are called here.
const INFO: &[(&str, &str)] = &[
    ("/CgroupDriver", "cgroup_driver"),
    ("/CgroupVersion", "cgroup_version"),
    ("/Driver", "storage_driver"),
    ("/DockerRootDir", "root_dir"),
    ("/LoggingDriver", "logging_driver"),
    ("/DefaultRuntime", "default_runtime"),
    ("/InitBinary", "init_binary"),
    ("/LiveRestoreEnabled", "live_restore"),
    ("/SecurityOptions", "security_options"),
    ("/Swarm/LocalNodeState", "swarm"),
    ("/KernelVersion", "kernel_version"),
    ("/OperatingSystem", "operating_system"),
    ("/Architecture", "architecture"),
    ("/NCPU", "processors"),
    ("/MemTotal", "memory_bytes"),
    ("/Containers", "containers"),
    ("/ContainersRunning", "containers_running"),
    ("/Images", "images"),
    ("/MemoryLimit", "memory_limit"),
    ("/SwapLimit", "swap_limit"),
    ("/PidsLimit", "pids_limit"),
    ("/CpuCfsQuota", "cpu_cfs_quota"),
    ("/OomKillDisable", "oom_kill_disable"),
    ("/IPv4Forwarding", "ipv4_forwarding"),
    ("/BridgeNfIptables", "bridge_nf_iptables"),
    ("/BridgeNfIp6tables", "bridge_nf_ip6tables"),
    ("/HttpProxy", "http_proxy"),
    ("/HttpsProxy", "https_proxy"),
    ("/NoProxy", "no_proxy"),
    ("/FirewallBackend/Driver", "firewall_backend"),
];

/// Lists of `/info`, and how one of their items is called here.
const REGISTRIES: &[(&str, &str)] = &[
    ("/RegistryConfig/Mirrors", "mirror"),
    ("/RegistryConfig/InsecureRegistryCIDRs", "insecure"),
];

const MAX_ITEMS: usize = 50;
/// Bytes of one text.
const MAX_TEXT: usize = 1000;
/// For one question.
const TIME: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::processes::Process;

    #[test]
    fn only_listed_fields_of_an_answer_are_kept() {
        let mut said = Said::default();
        let version =
            json!({"Version": "26.1.4", "Components": [{"Name": "runc", "Version": "1.1.12"}]});
        said.version("/s", &version);
        let info = json!({
            "CgroupDriver": "cgroupfs", "Driver": "overlay2", "ID": "secret", "Labels": ["password=hunter2"],
            "DriverStatus": [["Backing Filesystem", "extfs"]], "Runtimes": {"runc": {"path": "runc"}},
            "RegistryConfig": {"Mirrors": ["https://mirror.example/"], "IndexConfigs": {"x": {"token": "hunter3"}}},
            "Warnings": ["WARNING: No swap limit support"], "SwapLimit": false,
        });
        said.info("/s", &info);
        let value = |key: &str| {
            let found = said.settings.iter().find(|line| line["key"] == key);
            found.map(|line| line["value"].clone()).unwrap_or_default()
        };
        assert_eq!(value("version"), "26.1.4");
        assert_eq!(value("component.runc"), "1.1.12");
        assert_eq!(value("cgroup_driver"), "cgroupfs");
        assert_eq!(value("storage.Backing Filesystem"), "extfs");
        assert_eq!(value("runtimes"), json!(["runc"]));
        assert_eq!(value("swap_limit"), false);
        assert_eq!(said.registries[0]["mirror"], "https://mirror.example/");
        assert_eq!(said.warnings[0]["text"], "WARNING: No swap limit support");
        let all = format!("{said:?}");
        assert!(!all.contains("hunter") && !all.contains("secret"), "{all}");
    }

    #[test]
    fn an_engine_that_was_told_another_socket_is_asked_there_too() {
        let words = [
            "dockerd",
            "-H",
            "fd://",
            "--host=unix:///run/other.sock",
            "-H",
            "tcp://10.0.0.1",
        ];
        let engine = Process {
            comm: "dockerd".to_owned(),
            argv: Some(words.map(str::to_owned).to_vec()),
            ..Process::default()
        };
        let node = Node {
            processes: vec![engine],
            ..Node::default()
        };
        assert_eq!(paths(&node), ["/run/docker.sock", "/run/other.sock"]);
    }
}
