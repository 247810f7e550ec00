//! `probes/cri.json` of our own bundle: sockets of container runtimes, and what the runtimes say of themselves.

use crate::claim::{Witness, claim};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::{Fact, Value as Fields};
use crate::json::{Document, text};
use crate::observed::{AllImages, Image, RuntimeSocket};
use crate::origin::Origin;
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value;

pub(super) const PARSER: Parser = Parser {
    name: "cri_probe",
    kind: "probe of container runtimes",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Probe(name) if name == "cri"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match Document::parse(&entry.text()) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["runtime"]),
    };
    let mut probe = Probe {
        entry,
        document: &document,
        evidence,
    };
    probe.sockets();
    probe.runtimes();
    probe.conditions();
    probe.settings();
    probe.images();
    probe.containers();
}

struct Probe<'a> {
    entry: &'a Entry,
    document: &'a Document,
    evidence: &'a mut Evidence,
}

impl<'a> Probe<'a> {
    fn items(&self, list: &str) -> Vec<(Origin, &'a Value)> {
        let whole = self.entry.whole();
        let items = self.document.items(list);
        items
            .map(|(line, item)| {
                let whole = whole.clone();
                (Origin { line, ..whole }, item)
            })
            .collect()
    }

    fn sockets(&mut self) {
        for (origin, item) in self.items("sockets") {
            let exists = item.get("exists").and_then(Value::as_bool);
            if let (Some(path), Some(exists)) = (text(item, "path"), exists) {
                let connect = if self.hangs(path) {
                    Some("timeout")
                } else {
                    text(item, "connect")
                };
                let socket = RuntimeSocket {
                    path: path.to_owned(),
                    exists,
                    connect: connect.map(str::to_owned),
                };
                self.evidence.push(socket, origin);
            }
        }
    }

    /// Whether the program behind a socket took the connection and never answered.
    fn hangs(&self, socket: &str) -> bool {
        self.items("runtimes").iter().any(|(_, item)| {
            text(item, "socket") == Some(socket) && text(item, "outcome") == Some("timeout")
        })
    }

    fn runtimes(&mut self) {
        for (origin, item) in self.items("runtimes") {
            let unknown = item.get("grpc_status").and_then(Value::as_u64) == Some(UNIMPLEMENTED);
            let api = text(item, "api").or_else(|| unknown.then_some("none"));
            self.claim("runtime.cri_api", api, &origin);
            self.claim("runtime.version", text(item, "version"), &origin);
        }
    }

    fn conditions(&mut self) {
        for (origin, item) in self.items("conditions") {
            if text(item, "type") != Some("NetworkReady") {
                continue;
            }
            let ready = item.get("status").and_then(Value::as_bool);
            self.claim("runtime.network_ready", ready, &origin);
            let words = ["message", "reason"].iter().find_map(|key| {
                let words = text(item, key)?;
                (!words.is_empty()).then_some(words)
            });
            self.claim("runtime.network_reason", words, &origin);
        }
    }

    fn settings(&mut self) {
        for (origin, item) in self.items("settings") {
            let key = text(item, "key").unwrap_or_default();
            let systemd = item.get("value").and_then(Value::as_bool);
            let driver = match (key, systemd) {
                ("cgroup_driver", _) => text(item, "value"),
                ("config.containerd.runtimes.runc.options.SystemdCgroup", Some(true)) => {
                    Some("systemd")
                }
                ("config.containerd.runtimes.runc.options.SystemdCgroup", Some(false)) => {
                    Some("cgroupfs")
                }
                _ => None,
            };
            self.claim("runtime.cgroup_driver", driver, &origin);
        }
    }

    fn images(&mut self) {
        for (origin, item) in self.items("images") {
            let tags = item.get("tags").and_then(Value::as_array);
            for tag in tags.into_iter().flatten().filter_map(Value::as_str) {
                self.evidence.push(Image(tag.to_owned()), origin.clone());
            }
        }
        let answered = self
            .items("runtimes")
            .iter()
            .any(|(_, item)| text(item, "api") == Some("v1"));
        let refused = self
            .items("unanswered")
            .iter()
            .any(|(_, item)| text(item, "question") == Some("ListImages"));
        if answered && !refused {
            self.evidence.push(AllImages, self.entry.whole());
        }
    }

    fn containers(&mut self) {
        let sandboxes = self.items("sandboxes");
        let pod = |id: Option<&str>| {
            let of = |(_, one): &&(Origin, &'a Value)| text(one, "id") == id && id.is_some();
            let found = sandboxes.iter().find(of);
            found.and_then(|(_, one)| text(one, "name"))
        };
        let number = |item: &Value, key: &str| {
            let number = item.get(key).and_then(Value::as_i64);
            number.map_or(Fields::Null, Fields::Int)
        };
        let rows = self.items("containers").into_iter().map(|(origin, item)| {
            let fields = [
                ("name", text(item, "name").map(Fields::from)),
                ("state", text(item, "state").map(Fields::from)),
                ("attempt", Some(number(item, "attempt"))),
                ("pod", pod(text(item, "sandbox")).map(Fields::from)),
                ("exit_code", Some(number(item, "exit_code"))),
            ];
            Fact::record(fields, &origin)
        });
        let rows: Vec<Fact> = rows.collect();
        let pods = sandboxes.iter().map(|(origin, item)| {
            let ready = item.get("ready").and_then(Value::as_bool);
            let state = ready.map(|ready| if ready { "ready" } else { "notready" });
            let fields = [
                ("name", text(item, "name").map(Fields::from)),
                ("namespace", text(item, "namespace").map(Fields::from)),
                ("state", state.map(Fields::from)),
                ("attempt", Some(number(item, "attempt"))),
            ];
            Fact::record(fields, origin)
        });
        let pods: Vec<Fact> = pods.collect();
        for (path, rows) in [("runtime.containers", rows), ("runtime.sandboxes", pods)] {
            if !rows.is_empty() {
                self.evidence.facts.set(path, Fact::list(rows));
            }
        }
    }

    fn claim<V: Into<crate::fact::Value>>(
        &mut self,
        path: &'static str,
        value: Option<V>,
        origin: &Origin,
    ) {
        if let Some(value) = value {
            claim(self.evidence, path, Witness::Program, value, origin.clone());
        }
    }
}

/// The gRPC status of a program that does not know the service.
const UNIMPLEMENTED: u64 = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed, claimed_text, probe};

    fn read(text: &str) -> Evidence {
        probe(&PARSER, "cri", text)
    }

    #[test]
    fn sockets_are_read() {
        let evidence = read(
            "{\"sockets\":[\n{\"path\":\"/run/containerd/containerd.sock\",\"exists\":true,\"connect\":\"refused\"}\n]}",
        );
        let socket = &evidence.all::<RuntimeSocket>()[0];
        assert_eq!(
            (socket.value.connect.as_deref(), socket.origin.line),
            (Some("refused"), Some(2))
        );
    }

    #[test]
    fn a_runtime_that_takes_the_connection_and_never_answers_does_not_connect() {
        let evidence = read(
            r#"{"sockets":[{"path":"/run/rt.sock","exists":true,"connect":"ok"}],
                "runtimes":[{"socket":"/run/rt.sock","outcome":"timeout","message":"no answer"}]}"#,
        );
        let socket = &evidence.all::<RuntimeSocket>()[0];
        assert_eq!(socket.value.connect.as_deref(), Some("timeout"));
    }

    #[test]
    fn what_the_runtime_says_of_itself_is_claimed() {
        let evidence = read(
            r#"{"runtimes":[{"socket":"/s","api":"v1","name":"containerd","version":"1.6.20"}],
                "conditions":[{"type":"RuntimeReady","status":true},
                {"type":"NetworkReady","status":false,"reason":"NetworkPluginNotReady","message":"cni plugin not initialized"}],
                "settings":[{"key":"config.containerd.runtimes.runc.options.SystemdCgroup","value":false}],
                "images":[{"tags":["registry.k8s.io/pause:3.8"]}]}"#,
        );
        assert_eq!(claimed_text(&evidence, "runtime.version"), "1.6.20");
        assert_eq!(
            claimed(&evidence, "runtime.network_ready").as_bool(),
            Some(false)
        );
        assert_eq!(
            claimed_text(&evidence, "runtime.network_reason"),
            "cni plugin not initialized"
        );
        assert_eq!(claimed_text(&evidence, "runtime.cgroup_driver"), "cgroupfs");
        assert_eq!(
            evidence.all::<Image>()[0].value.0,
            "registry.k8s.io/pause:3.8"
        );
        assert_eq!(evidence.all::<AllImages>().len(), 1);
    }

    #[test]
    fn containers_are_read_with_their_pods_and_exit_codes() {
        let evidence = read(
            r#"{"sandboxes":[{"id":"9f","name":"etcd-m1","namespace":"kube-system","attempt":2,"ready":false}],
                "containers":[{"sandbox":"9f","name":"etcd","attempt":7,"state":"exited","exit_code":137}]}"#,
        );
        let shown = |list: &str, fields: [&str; 4]| {
            let fact = evidence.facts.get(list).unwrap();
            fields.map(|field| fact.items()[0].field(field).unwrap().value.to_string())
        };
        let container = shown("runtime.containers", ["name", "state", "pod", "exit_code"]);
        assert_eq!(container, ["etcd", "exited", "etcd-m1", "137"]);
        let sandbox = shown(
            "runtime.sandboxes",
            ["name", "namespace", "state", "attempt"],
        );
        assert_eq!(sandbox, ["etcd-m1", "kube-system", "notready", "2"]);
    }

    #[test]
    fn a_program_that_does_not_know_the_interface_offers_none() {
        let evidence = read(
            r#"{"runtimes":[{"socket":"/s","outcome":"error","grpc_status":12,"message":"unknown service"}]}"#,
        );
        assert_eq!(claimed_text(&evidence, "runtime.cri_api"), "none");
    }

    #[test]
    fn images_that_were_not_listed_are_not_all_images() {
        let evidence = read(
            r#"{"runtimes":[{"socket":"/s","api":"v1"}],"images":[],"unanswered":[{"question":"ListImages"}]}"#,
        );
        assert!(evidence.all::<AllImages>().is_empty());
    }
}
