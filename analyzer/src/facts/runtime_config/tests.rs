use super::*;
use crate::logs::LogDigest;
use crate::toml;

fn derived(kubelet_endpoint: Option<&str>, text: &str) -> Evidence {
    let mut evidence = Evidence::default();
    let config = ContainerdConfig {
        path: Some("/etc/containerd/config.toml".into()),
        dump: false,
        content: toml::parse(text),
    };
    evidence.push(config, Origin::entry("config.toml"));
    if let Some(endpoint) = kubelet_endpoint {
        let fact = Fact::text(endpoint, Origin::line("config.yaml", 4));
        evidence
            .facts
            .set("kubelet.effective.container_runtime_endpoint", fact);
    }
    run(&mut evidence);
    evidence
}

fn run(evidence: &mut Evidence) {
    let logs = LogDigest::default();
    derive(
        evidence,
        &Context {
            logs: &logs,
            now: None,
        },
    );
}

#[test]
fn a_disabled_cri_plugin_is_told_in_every_spelling() {
    for name in ["cri", "io.containerd.grpc.v1.cri"] {
        let facts = derived(None, &format!("disabled_plugins = [\"{name}\"]\n")).facts;
        assert_eq!(facts.bool("runtime.cri_disabled"), Some(true), "{name}");
        assert_eq!(
            facts.get("runtime.cri_disabled").unwrap().origins[0].line,
            Some(1)
        );
    }
    let facts = derived(None, "version = 2\n").facts;
    assert_eq!(facts.bool("runtime.cri_disabled"), Some(false));
}

#[test]
fn what_the_file_does_not_say_is_the_default() {
    let facts = derived(
        Some("unix:///run/containerd/containerd.sock"),
        "version = 2\n",
    )
    .facts;
    assert_eq!(facts.text("runtime.kind"), Some("containerd"));
    assert_eq!(facts.text("runtime.cgroup_driver"), Some("cgroupfs"));
    assert_eq!(facts.text("runtime.cni_bin_dir"), Some("/opt/cni/bin"));
    assert_eq!(
        facts.get("runtime.sandbox_image").unwrap().value,
        Value::Null
    );
    assert_eq!(facts.int("runtime.config_version"), Some(2));
}

#[test]
fn a_broken_file_yields_no_defaults() {
    let facts = derived(None, "version = 2\n[plugins\n").facts;
    assert_eq!(facts.bool("runtime.config_parses"), Some(false));
    assert!(facts.get("runtime.cgroup_driver").is_none());
    assert!(facts.get("runtime.cri_disabled").is_none());
}

#[test]
fn the_configuration_of_a_runtime_that_is_not_used_is_not_looked_at() {
    let facts = derived(Some("unix:///var/run/crio/crio.sock"), "version = 2\n").facts;
    assert_eq!(facts.text("runtime.kind"), Some("crio"));
    assert!(facts.get("runtime.cgroup_driver").is_none());
}

#[test]
fn what_dockers_engine_says_counts_before_its_file() {
    let mut evidence = Evidence::default();
    let config = DockerConfig { content: None };
    evidence.push(config, Origin::entry("daemon.json"));
    let says = DockerEngine::CgroupDriver("cgroupfs".into());
    evidence.push(says, Origin::line("probes/docker.json", 7));
    let endpoint = Fact::text("unix:///run/cri-dockerd.sock", Origin::entry("c"));
    let path = "kubelet.effective.container_runtime_endpoint";
    evidence.facts.set(path, endpoint);
    run(&mut evidence);
    let driver = evidence.facts.get("runtime.cgroup_driver").unwrap();
    assert_eq!(driver.as_text(), Some("cgroupfs"));
    assert_eq!(driver.origins[0].line, Some(7));
    assert_eq!(evidence.facts.bool("runtime.config_parses"), Some(false));
}

#[test]
fn the_engine_of_a_docker_that_the_kubelet_does_not_use_says_nothing_of_its_runtime() {
    let mut evidence = Evidence::default();
    let says = DockerEngine::CgroupDriver("cgroupfs".into());
    evidence.push(says, Origin::line("probes/docker.json", 7));
    let endpoint = Fact::text("unix:///run/containerd/containerd.sock", Origin::entry("c"));
    let path = "kubelet.effective.container_runtime_endpoint";
    evidence.facts.set(path, endpoint);
    run(&mut evidence);
    assert!(evidence.facts.get("runtime.cgroup_driver").is_none());
}

#[test]
fn drop_ins_of_crio_win_by_name() {
    let mut evidence = Evidence::default();
    for (path, text) in [
        (
            "/etc/crio/crio.conf",
            "[crio.runtime]\ncgroup_manager = \"systemd\"\n",
        ),
        (
            "/etc/crio/crio.conf.d/10-x.conf",
            "[crio.runtime]\ncgroup_manager = \"cgroupfs\"\n",
        ),
    ] {
        let config = CrioConfig {
            path: Some(path.into()),
            content: toml::parse(text),
        };
        evidence.push(config, Origin::entry(path));
    }
    let endpoint = Fact::text("unix:///run/crio/crio.sock", Origin::entry("c"));
    evidence
        .facts
        .set("kubelet.effective.container_runtime_endpoint", endpoint);
    run(&mut evidence);
    assert_eq!(
        evidence.facts.text("runtime.cgroup_driver"),
        Some("cgroupfs")
    );
    assert_eq!(
        evidence.facts.text("runtime.cni_conf_dir"),
        Some("/etc/cni/net.d")
    );
}
