//! One input that holds a whole cluster: each node has its own report, made of what is its own.

use crate::packing::tar_gz;
use nodebundle_analyzer::analyze::{Options, analyze};
use nodebundle_analyzer::finding::Evidence;
use nodebundle_analyzer::report::Report;
use nodebundle_analyzer::ruleset::RuleSet;
use nodebundle_bundle::Input;
use std::fmt::Write as _;

fn packed(entries: &[(&str, String)]) -> Input {
    Input::Held {
        name: "cluster.tar.gz".to_owned(),
        bytes: tar_gz(entries).into(),
    }
}

fn reports(entries: &[(&str, String)]) -> Vec<Report> {
    analyze(&packed(entries), &RuleSet::built_in(), &Options::default()).unwrap()
}

/// Node, layout and first cause of each report.
fn shown(reports: &[Report]) -> Vec<(&str, &str, &str)> {
    reports
        .iter()
        .map(|report| {
            let part = report.input.part.as_deref().unwrap_or_default();
            let cause = report.causes.first().map_or("", |cause| cause.id.as_str());
            (part, report.input.layout.as_str(), cause)
        })
        .collect()
}

/// Entries and lines that the first cause quotes.
fn lines(report: &Report) -> Vec<(String, u64)> {
    let evidence = report.causes[0].evidence.iter();
    evidence
        .filter_map(|one| match one {
            Evidence::Line { entry, line, .. } => Some((entry.clone(), *line)),
            _ => None,
        })
        .collect()
}

fn node(name: &str, address: &str, ready: bool) -> String {
    let status = if ready { "True" } else { "False" };
    format!(
        "apiVersion: v1\nkind: Node\nmetadata:\n  name: {name}\nstatus:\n  addresses:\n  - address: {address}\n    type: InternalIP\n  conditions:\n  - type: Ready\n    status: \"{status}\"\n    reason: Kubelet\n"
    )
}

fn kubelet(host: &str, message: &str) -> String {
    (10..40).fold(String::new(), |mut log, second| {
        let _ = writeln!(
            log,
            "Nov 22 07:31:{second}.000000 {host} kubenswrapper[61]: E1122 07:31:{second}.000000      61 {message}"
        );
        log
    })
}

const SWAP: &str = "run.go:72] \"command failed\" err=\"failed to run Kubelet: running with swap on is not supported, please disable swap or set --fail-swap-on flag to false\"";
const CNI: &str = "kubelet.go:3011] \"Container runtime network not ready\" networkReady=\"NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized\"";

#[test]
fn a_must_gather_with_the_logs_of_all_nodes_in_one_file_gives_each_node_its_own_lines() {
    let log = format!(
        "-- Logs begin at Sun 2026-11-22 07:00:00 UTC, end at Sun 2026-11-22 08:00:00 UTC. --\n{}-- Logs begin at Sun 2026-11-22 07:00:00 UTC, end at Sun 2026-11-22 08:00:00 UTC. --\n{}",
        kubelet("m1", SWAP),
        kubelet("m2", CNI)
    );
    let reports = reports(&[
        ("version", "openshift/must-gather\n4.20\n".to_owned()),
        ("event-filter.html", "<html>\n".to_owned()),
        (
            "cluster-scoped-resources/core/nodes/m1.example.com.yaml",
            node("m1.example.com", "10.0.0.1", false),
        ),
        (
            "cluster-scoped-resources/core/nodes/m2.example.com.yaml",
            node("m2.example.com", "10.0.0.2", false),
        ),
        ("host_service_logs/masters/kubelet_service.log", log),
    ]);
    assert_eq!(
        shown(&reports),
        [
            ("m1.example.com", "must-gather", "swap-enabled"),
            ("m2.example.com", "must-gather", "cni-config-missing"),
        ]
    );
    let lines = lines(&reports[1]);
    assert!(lines.iter().all(|(_, line)| *line > 32), "{lines:?}");
}

#[test]
fn talos_nodes_that_were_called_by_their_address_have_their_name_and_own_logs() {
    let nodes = format!(
        "{}---\n{}",
        node("cp-1", "10.5.0.2", true),
        node("w-1", "10.5.0.3", false)
    );
    let own = |message: &str| {
        let text = kubelet("", message);
        let bare = text.lines().map(|line| line.split_once("]: ").unwrap().1);
        bare.collect::<Vec<_>>().join("\n")
    };
    let reports = reports(&[
        ("10.5.0.2/dmesg.log", String::new()),
        ("10.5.0.2/summary", "Client:\n".to_owned()),
        ("10.5.0.2/controller-runtime.log", String::new()),
        ("10.5.0.3/dmesg.log", String::new()),
        ("10.5.0.3/summary", "Client:\n".to_owned()),
        ("10.5.0.3/service-logs/kubelet.log", own(CNI)),
        ("kubernetesResources/nodes.yaml", nodes),
    ]);
    assert_eq!(
        shown(&reports),
        [
            ("cp-1", "talos", ""),
            ("w-1", "talos", "cni-config-missing")
        ]
    );
}

#[test]
fn a_list_of_many_nodes_and_their_events_is_read_whatever_its_size() {
    let mut items = Vec::new();
    for number in 0..60 {
        let filler = "x".repeat(30_000);
        items.push(format!(
            "    {{\n      \"metadata\": {{\"name\": \"w{number:03}\", \"annotations\": {{\"a\": \"{filler}\"}}}},\n      \"status\": {{\"conditions\": [{{\"type\": \"Ready\", \"status\": \"{}\"}}]}}\n    }}",
            if number == 7 { "False" } else { "True" }
        ));
    }
    let list = |kind: &str, items: &[String]| {
        format!(
            "{{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"{kind}List\",\n  \"items\": [\n{}\n  ]\n}}\n",
            items.join(",\n")
        )
    };
    let event = "    {\n      \"involvedObject\": {\"kind\": \"Node\", \"name\": \"w007\"},\n      \"reason\": \"SystemOOM\",\n      \"message\": \"System OOM encountered, victim process: java, pid: 4812\",\n      \"source\": {\"component\": \"kubelet\", \"host\": \"w007\"},\n      \"lastTimestamp\": \"2026-11-22T07:48:02Z\",\n      \"count\": 5,\n      \"type\": \"Warning\"\n    }".to_owned();
    let reports = reports(&[
        ("nodes.json", list("Node", &items)),
        ("kube-system/events.json", list("Event", &[])),
        ("default/events.json", list("Event", &[event])),
        ("kube-system/pods.json", list("Pod", &[])),
    ]);
    assert_eq!(reports.len(), 60);
    let shown = shown(&reports);
    assert_eq!(shown[7], ("w007", "kubectl-dump", "node-memory-exhausted"));
    assert!(
        shown.iter().filter(|one| !one.2.is_empty()).count() == 1,
        "{shown:?}"
    );
    let lines = lines(&reports[7]);
    assert!(
        lines.contains(&("default/events.json".to_owned(), 8)),
        "{lines:?}"
    );
}

#[test]
fn node_logs_of_several_nodes_in_one_file_are_one_report_for_each() {
    let well = "a.go:1] \"x\"";
    let expired = "bootstrap.go:266] part of the existing bootstrap client certificate in /etc/kubernetes/kubelet.conf is expired: 2026-10-22 07:20:00 +0000 UTC";
    let (one, two) = (kubelet("m1.lab", well), kubelet("m2.lab", expired));
    let mixed = one
        .lines()
        .zip(two.lines())
        .fold(String::new(), |log, (a, b)| log + a + "\n" + b + "\n");
    // With `--unify=false` one node stands after the other.
    for log in [mixed, one + &two] {
        let input = Input::Held {
            name: "node-logs.txt".to_owned(),
            bytes: log.into_bytes().into(),
        };
        let found = analyze(&input, &RuleSet::built_in(), &Options::default()).unwrap();
        assert_eq!(
            shown(&found),
            [
                ("m1.lab", "single", ""),
                ("m2.lab", "single", "client-cert-expired")
            ]
        );
    }
}

#[test]
fn what_the_machine_config_operator_noted_is_of_its_node() {
    let noted = |name: &str, state: &str| {
        let noted = format!(
            "  annotations:\n    machineconfiguration.openshift.io/currentConfig: rendered-worker-1\n    machineconfiguration.openshift.io/reason: failed to drain\n    machineconfiguration.openshift.io/state: {state}\nstatus:"
        );
        node(name, "10.0.0.1", true)
            .replace("status:\n  addresses", &format!("{noted}\n  addresses"))
    };
    let entry = |name: &str| format!("cluster-scoped-resources/core/nodes/{name}.yaml");
    let (one, two) = (entry("w1"), entry("w2"));
    let found = reports(&[
        ("timestamp", "x\n".to_owned()),
        (one.as_str(), noted("w1", "Degraded")),
        (two.as_str(), noted("w2", "Done")),
    ]);
    assert_eq!(
        shown(&found),
        [
            ("w1", "must-gather", "machine-config-degraded"),
            ("w2", "must-gather", "")
        ]
    );
    assert!(found[0].causes[0].meaning.contains("failed to drain"));
}

#[test]
fn a_piece_of_a_must_gather_is_told_by_what_it_holds() {
    let noted = |name: &str| {
        node(name, "10.0.0.1", true).replace(
            "status:\n  addresses",
            "  annotations:\n    machineconfiguration.openshift.io/state: Degraded\nstatus:\n  addresses",
        )
    };
    let operator = "config.openshift.io/clusteroperators/dns.yaml";
    for folder in ["", "cluster-scoped-resources/"] {
        let entry = |name: &str| format!("{folder}core/nodes/{name}.yaml");
        let (one, two) = (entry("w1"), entry("w2"));
        let operator = format!("{folder}{operator}");
        let found = reports(&[
            (one.as_str(), noted("w1")),
            (two.as_str(), node("w2", "10.0.0.2", true)),
            (operator.as_str(), "kind: ClusterOperator\n".to_owned()),
        ]);
        assert_eq!(
            shown(&found),
            [
                ("w1", "must-gather", "machine-config-degraded"),
                ("w2", "must-gather", "")
            ],
            "{folder}"
        );
    }
    let log = "pods/etcd-m1/etcd/etcd/logs/current.log";
    for name in [
        "namespaces/openshift-etcd/core/events.yaml".to_owned(),
        format!("namespaces/openshift-etcd/{log}"),
        format!("openshift-etcd/{log}"),
    ] {
        let line = "2026-11-22T07:31:10.000000000Z etcd: x\n".to_owned();
        let found = reports(&[(name.as_str(), line)]);
        assert_eq!(found[0].input.layout, "must-gather", "{name}");
    }
}

#[test]
fn a_node_on_its_way_to_another_machine_configuration_is_told_what_changes() {
    let noted = |name: &str, desired: &str| {
        let noted = format!(
            "  annotations:\n    machineconfiguration.openshift.io/currentConfig: rendered-worker-1\n    machineconfiguration.openshift.io/desiredConfig: {desired}\n    machineconfiguration.openshift.io/state: Working\nstatus:"
        );
        node(name, "10.0.0.1", true)
            .replace("status:\n  addresses", &format!("{noted}\n  addresses"))
    };
    let config = |name: &str, pods: u32| {
        format!(
            "apiVersion: machineconfiguration.openshift.io/v1\nkind: MachineConfig\nmetadata:\n  name: {name}\nspec:\n  config:\n    storage:\n      files:\n      - path: /etc/kubernetes/kubelet.conf\n        contents:\n          source: data:,kind%3A%20KubeletConfiguration%0AapiVersion%3A%20kubelet.config.k8s.io%2Fv1beta1%0AmaxPods%3A%20{pods}%0A\n    systemd:\n      units:\n      - name: kubelet.service\n        contents: |\n          [Service]\n          ExecStart=/usr/bin/kubelet --config=/etc/kubernetes/kubelet.conf\n"
        )
    };
    let folder = "cluster-scoped-resources";
    let object = |name: &str| format!("{folder}/core/nodes/{name}.yaml");
    let rendered = |name: &str| {
        format!("{folder}/machineconfiguration.openshift.io/machineconfigs/{name}.yaml")
    };
    let entries = [
        (object("w1"), noted("w1", "rendered-worker-1")),
        (object("w2"), noted("w2", "rendered-worker-2")),
        (
            rendered("rendered-worker-1"),
            config("rendered-worker-1", 250),
        ),
        (
            rendered("rendered-worker-2"),
            config("rendered-worker-2", 500),
        ),
    ];
    let entries: Vec<_> = entries
        .iter()
        .map(|(name, text)| (name.as_str(), text.clone()))
        .collect();
    let found = reports(&entries);
    let meaning = |report: &Report| {
        let mut all = report.symptoms.iter();
        let own = all.find(|finding| finding.id == "machine-config-pending")?;
        Some(own.meaning.clone())
    };
    assert_eq!(meaning(&found[0]), None);
    let told = meaning(&found[1]).unwrap();
    assert!(told.contains("is at rendered-worker-1"), "{told}");
    assert!(told.contains("/etc/kubernetes/kubelet.conf"), "{told}");
    assert_eq!(found[0].node.distribution.as_deref(), Some("openshift"));
}
