use super::*;
use crate::observed::Process;
use crate::origin::Origin;
use crate::parse::kubelet_config::KubeletConfig;
use crate::yaml;

fn derived(argv: &[&str], config: &str) -> Evidence {
    let mut evidence = Evidence::default();
    let process = Process {
        pid: 7,
        argv: Some(argv.iter().map(|&word| word.to_owned()).collect()),
        ..Process::default()
    };
    evidence.push(process, Origin::line("ps.txt", 2));
    let config = KubeletConfig {
        path: Some("/c".into()),
        content: yaml::parse(config),
    };
    evidence.push(config, Origin::entry("files/c"));
    let version = Value::Version("1.36.2".parse().unwrap());
    evidence
        .facts
        .set("kubelet.version", Fact::new(version, Origin::entry("v")));
    evidence.facts.set(
        "host.name",
        Fact::text("Worker-1", Origin::line("hostname.txt", 1)),
    );
    crate::testing::derive(&mut evidence, &[&DERIVED]);
    evidence
}

#[test]
fn every_setting_is_declared() {
    for name in settings::names() {
        let path = format!("kubelet.effective.{name}");
        assert!(FACTS.iter().any(|fact| fact.path == path), "{path}");
    }
}

#[test]
fn the_node_is_named_by_the_override_and_else_by_the_host_in_lower_case() {
    let plain = derived(&["/usr/bin/kubelet", "--config=/c"], "");
    assert_eq!(plain.facts.text("kubelet.node_name"), Some("worker-1"));
    let over = derived(
        &["/usr/bin/kubelet", "--hostname-override=n2", "--config=/c"],
        "",
    );
    assert_eq!(over.facts.text("kubelet.node_name"), Some("n2"));
}

#[test]
fn labels_of_kubernetes_are_refused_unless_nodes_may_set_them() {
    let labels = "--node-labels=node-role.kubernetes.io/worker=true,topology.kubernetes.io/zone=a,node.kubernetes.io/x=y,a.node.kubernetes.io/b=c,example.com/q=1,foo.k8s.io/z=1,mykubernetes.io/ok=1";
    let evidence = derived(&["/usr/bin/kubelet", labels, "--config=/c"], "");
    let refused: Vec<_> = evidence
        .facts
        .get("kubelet.forbidden_labels")
        .unwrap()
        .items()
        .iter()
        .filter_map(Fact::as_text)
        .collect();
    assert_eq!(refused, ["node-role.kubernetes.io/worker", "foo.k8s.io/z"]);
}

#[test]
fn gates_that_are_gone_are_cited_with_their_line() {
    let config = "kind: x\nfeatureGates:\n  DynamicKubeletConfig: true\n  NodeSwap: true\n  CPUManagerPolicyOptions: false\n";
    let evidence = derived(&["/usr/bin/kubelet", "--config=/c"], config);
    let gates = evidence.facts.get("kubelet.unknown_feature_gates").unwrap();
    assert_eq!(gates.items().len(), 1);
    assert_eq!(gates.items()[0].origins[0].line, Some(3));
    let locked = evidence.facts.get("kubelet.locked_feature_gates").unwrap();
    let names: Vec<_> = locked.items().iter().filter_map(Fact::as_text).collect();
    assert_eq!(names, ["CPUManagerPolicyOptions"]);
    assert_eq!(locked.items()[0].origins[0].line, Some(5));
    let none = derived(&["/usr/bin/kubelet", "--config=/c"], "kind: x\n");
    assert!(
        none.facts
            .get("kubelet.unknown_feature_gates")
            .unwrap()
            .items()
            .is_empty()
    );
}
