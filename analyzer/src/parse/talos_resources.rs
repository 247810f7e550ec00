//! Resources of Talos as `talosctl support` and `talosctl get -o yaml` print them: services, addresses, links, routes, time, names,
//! kernel settings, the node's status, and the kubelet's configuration as Talos made it.

use crate::claim::{Witness, claim};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::fact::{Fact, Value};
use crate::objects::objects;
use crate::observed::{Address, AllRoutes, Link, NodeObject, Route, Sysctl, UnitState};
use crate::parse::kubelet_config::KubeletConfig;
use crate::parser::Parser;
use crate::source::Source;
use crate::tree::Node;
use crate::yaml::{self, Document};

pub(super) const PARSER: Parser = Parser {
    name: "talos_resources",
    kind: "resources of Talos",
    facts: &[],
    accepts: |entry| {
        matches!(entry.source, Source::Named(_) | Source::Command(_))
            && entry.head().lines().take(8).any(|line| {
                let kind = line.trim().strip_prefix("type: ");
                kind.is_some_and(|kind| kind.ends_with(".talos.dev"))
            })
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let mut routes = false;
    for object in objects(&text).all {
        // Lines of the document are those of the whole text.
        let padding = usize::try_from(object.before).unwrap_or_default();
        let padded = "\n".repeat(padding) + object.text;
        let Ok(document) = yaml::parse(&padded) else {
            let problem = format!("the resource on line {} is not YAML", object.before + 1);
            evidence.gap(entry.name.as_ref(), problem, &["host"]);
            continue;
        };
        let Some(resource) = Resource::of(&document.root, entry) else {
            continue;
        };
        routes |= resource.kind == "RouteStatuses.net";
        resource.read(evidence);
    }
    if routes {
        evidence.push(AllRoutes, entry.whole());
    }
}

struct Resource<'r> {
    /// `Services.v1alpha1`
    kind: &'r str,
    id: &'r str,
    spec: &'r Node,
    entry: &'r Entry,
}

impl<'r> Resource<'r> {
    fn of(root: &'r Node, entry: &'r Entry) -> Option<Self> {
        let text = |path: &str| root.at(path).and_then(Node::text);
        Some(Self {
            kind: text("metadata.type")?.strip_suffix(".talos.dev")?,
            id: text("metadata.id")?,
            spec: root.get("spec")?,
            entry,
        })
    }

    fn read(&self, evidence: &mut Evidence) {
        match self.kind {
            "Services.v1alpha1" => self.service(evidence),
            "TimeStatuses.v1alpha1" => self.flag("synced", "host.time.synchronized", evidence),
            "HostnameStatuses.net" => self.told("hostname", "host.name", evidence),
            "AddressStatuses.net" => self.address(evidence),
            "LinkStatuses.net" => self.link(evidence),
            "RouteStatuses.net" => self.route(evidence),
            "KernelParamStatuses.runtime" => self.setting(evidence),
            "SwapStatuses.block" => {
                let origin = self.entry.at(self.spec.line);
                claim(evidence, "host.swap.active", Witness::Program, true, origin);
            }
            "NodeStatuses.kubernetes" => self.node(evidence),
            "KubeletSpecs.kubernetes" => self.kubelet(evidence),
            _ => {}
        }
    }

    fn text(&self, key: &str) -> Option<&'r str> {
        let text = self.spec.get(key).and_then(Node::text);
        text.filter(|text| !text.is_empty())
    }

    fn flag(&self, key: &str, path: &'static str, evidence: &mut Evidence) {
        if let Some(pair) = self.spec.pair(key)
            && let Some(value) = pair.value.bool()
        {
            let origin = self.entry.at(pair.line);
            claim(evidence, path, Witness::Program, value, origin);
        }
    }

    fn told(&self, key: &str, path: &'static str, evidence: &mut Evidence) {
        if let (Some(value), Some(pair)) = (self.text(key), self.spec.pair(key)) {
            let origin = self.entry.at(pair.line);
            claim(evidence, path, Witness::Program, value, origin);
        }
    }

    /// What Talos calls a service is a unit elsewhere; `cri` is the containerd of pods.
    fn service(&self, evidence: &mut Evidence) {
        let name = match self.id {
            "kubelet" => "kubelet.service",
            "cri" => "containerd.service",
            "etcd" => "etcd.service",
            _ => return,
        };
        let Some(running) = self.spec.pair("running") else {
            return;
        };
        let origin = self.entry.at(running.line);
        let is_up = running.value.bool() == Some(true);
        let mut state = UnitState::new(name, RANK);
        let active = if is_up { "active" } else { "inactive" };
        state.text("active_state", active, origin.clone());
        evidence.push(state, origin);
    }

    fn address(&self, evidence: &mut Evidence) {
        if let (Some(link), Some(address)) = (self.text("linkName"), self.text("address")) {
            let address = Address {
                link: link.to_owned(),
                address: address.split('/').next().unwrap_or(address).to_owned(),
            };
            evidence.push(address, self.entry.at(self.spec.line));
        }
    }

    fn link(&self, evidence: &mut Evidence) {
        let link = Link {
            name: self.id.to_owned(),
            state: self
                .text("operationalState")
                .unwrap_or("unknown")
                .to_owned(),
            mtu: self.spec.get("mtu").and_then(Node::int),
        };
        evidence.push(link, self.entry.at(self.spec.line));
    }

    /// Of the main table; the default route has no destination.
    fn route(&self, evidence: &mut Evidence) {
        let main = self.text("table").is_none_or(|table| table == "main");
        if main && self.text("family").is_none_or(|family| family == "inet4") {
            let route = Route {
                destination: self.text("dst").unwrap_or("default").to_owned(),
                via: self.text("gateway").map(str::to_owned),
                dev: self.text("outLinkName").map(str::to_owned),
            };
            evidence.push(route, self.entry.at(self.spec.line));
        }
    }

    /// `proc.sys.net.ipv4.ip_forward`
    fn setting(&self, evidence: &mut Evidence) {
        let value = self.spec.get("current").and_then(Node::scalar);
        if let (Some(name), Some(value)) = (self.id.strip_prefix("proc.sys."), value) {
            let name = name.to_owned();
            evidence.push(Sysctl { name, value }, self.entry.at(self.spec.line));
        }
    }

    /// What the machine itself was told of its Node object.
    fn node(&self, evidence: &mut Evidence) {
        let flag = |key: &str| {
            let pair = self.spec.pair(key)?;
            let value = pair.value.bool()?;
            Some(Fact::new(Value::Bool(value), self.entry.at(pair.line)))
        };
        let node = NodeObject {
            name: Some(self.id.to_owned()),
            ready: flag("nodeReady"),
            unschedulable: flag("unschedulable"),
            ..NodeObject::default()
        };
        evidence.push(node, self.entry.at(self.spec.line));
    }

    /// The configuration that the kubelet was given.
    fn kubelet(&self, evidence: &mut Evidence) {
        if let Some(config) = self.spec.get("config") {
            let document = Document {
                root: config.clone(),
                duplicates: Vec::new(),
            };
            let config = KubeletConfig {
                path: Some("/etc/kubernetes/kubelet.yaml".to_owned()),
                content: Ok(document),
            };
            evidence.push(config, self.entry.whole());
        }
    }
}

/// A service's state is all that is known of it.
const RANK: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::unit_states;
    use crate::testing::{claimed, claimed_text, named};

    fn resource(kind: &str, id: &str, spec: &str) -> String {
        format!(
            "metadata:\n    namespace: runtime\n    type: {kind}.talos.dev\n    id: {id}\n    version: 2\n    owner: x\n    phase: running\nspec:\n{spec}"
        )
    }

    #[test]
    fn services_are_units_and_lines_are_those_of_the_whole_text() {
        let text = [
            resource("Services.v1alpha1", "apid", "    running: true\n"),
            resource(
                "Services.v1alpha1",
                "kubelet",
                "    running: false\n    healthy: false\n",
            ),
        ]
        .join("---\n");
        let evidence = named(&PARSER, &text);
        let states = unit_states(&evidence, "kubelet.service");
        let active = &states[0].value.fields["active_state"];
        assert_eq!(active.as_text(), Some("inactive"));
        assert_eq!(active.origins[0].line, Some(19));
    }

    #[test]
    fn name_time_network_and_kernel_settings_are_read() {
        let name = resource(
            "HostnameStatuses.net",
            "hostname",
            "    hostname: w1\n    domainname: \"\"\n",
        );
        assert_eq!(claimed_text(&named(&PARSER, &name), "host.name"), "w1");
        let time = resource("TimeStatuses.v1alpha1", "node", "    synced: false\n");
        let synced = claimed(&named(&PARSER, &time), "host.time.synchronized");
        assert_eq!(synced.as_bool(), Some(false));
        let address = resource(
            "AddressStatuses.net",
            "eth0/10.5.0.2/24",
            "    address: 10.5.0.2/24\n    linkName: eth0\n",
        );
        assert_eq!(
            named(&PARSER, &address).all::<Address>()[0].value.address,
            "10.5.0.2"
        );
        let route = resource(
            "RouteStatuses.net",
            "r",
            "    family: inet4\n    dst: \"\"\n    gateway: 10.5.0.1\n    outLinkName: eth0\n    table: main\n",
        );
        let routes = named(&PARSER, &route);
        assert_eq!(routes.all::<Route>()[0].value.destination, "default");
        assert_eq!(routes.all::<AllRoutes>().len(), 1);
        let setting = resource(
            "KernelParamStatuses.runtime",
            "proc.sys.net.ipv4.ip_forward",
            "    current: \"1\"\n",
        );
        assert_eq!(
            named(&PARSER, &setting).all::<Sysctl>()[0].value.name,
            "net.ipv4.ip_forward"
        );
    }

    #[test]
    fn the_kubelets_configuration_and_the_nodes_status_are_read() {
        let kubelet = resource(
            "KubeletSpecs.kubernetes",
            "kubelet",
            "    image: ghcr.io/siderolabs/kubelet:v1.34.1\n    args:\n        - --config=/etc/kubernetes/kubelet.yaml\n    config:\n        apiVersion: kubelet.config.k8s.io/v1beta1\n        cgroupRoot: /\n        kind: KubeletConfiguration\n",
        );
        let evidence = named(&PARSER, &kubelet);
        let config = &evidence.all::<KubeletConfig>()[0].value;
        assert_eq!(config.kind_ok(), Some(true));
        let root = config
            .content
            .as_ref()
            .unwrap()
            .root
            .pair("cgroupRoot")
            .unwrap()
            .line;
        assert_eq!(root, 14);
        let node = resource(
            "NodeStatuses.kubernetes",
            "w1",
            "    nodename: w1\n    nodeReady: false\n    unschedulable: true\n",
        );
        let node = named(&PARSER, &node).all::<NodeObject>()[0].value.clone();
        assert_eq!(node.ready.unwrap().as_bool(), Some(false));
        assert_eq!(
            named(&PARSER, &resource("X.talos.dev", "y", "    a: 1\n"))
                .gaps
                .len(),
            0
        );
    }
}
