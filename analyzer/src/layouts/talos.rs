//! `talosctl support`: a folder for each node, named as the node was called on the command line, often by its address. Follows
//! Talos 0.14 to 1.12: resources and logs stood beside each other first, then in `resources/`, `service-logs/` and
//! `kubernetes-logs/`.

use crate::layout::Layout;
use crate::source::Source;

pub(super) const LAYOUT: Layout = Layout {
    name: "talos",
    detect,
    source,
    node: Some(node),
};

fn detect(names: &[&str]) -> u8 {
    let has = |files: &[&str]| {
        names.iter().any(|name| {
            name.split_once('/')
                .is_some_and(|(_, rest)| files.contains(&rest))
        })
    };
    let telling = [
        has(&["controller-runtime.log"]),
        has(&["dependencies.dot"]),
        has(&["machined.log", "service-logs/machined.log"]),
        has(&["apid.state", "service-logs/apid.state"]),
        has(&["dmesg.log"]) && has(&["summary"]),
        names.iter().any(|name| name.ends_with(".talos.dev.yaml")),
    ];
    match telling.iter().filter(|one| **one).count() {
        0 => 0,
        1 => 30,
        2 => 80,
        _ => 100,
    }
}

/// Each folder is a node, but for what is asked of the cluster.
fn node(name: &str) -> Option<&str> {
    let (folder, _) = name.split_once('/')?;
    (!matches!(folder, "cluster" | "kubernetesResources")).then_some(folder)
}

fn source(name: &str) -> Source {
    let base = name.rsplit('/').next().unwrap_or(name);
    if name.contains("kubernetesResources/") {
        let kind = if base.starts_with("nodes.") {
            "nodes"
        } else {
            "pods"
        };
        return Source::Command(format!("kubectl get {kind} -o yaml"));
    }
    let Some((_, rest)) = name.split_once('/') else {
        return Source::Meta(name.to_owned());
    };
    if let Some(container) = container(rest) {
        return Source::File(format!("/var/log/pods/kube-system_x_x/{container}/0.log"));
    }
    let file = rest.strip_prefix("service-logs/").unwrap_or(rest);
    match file {
        "dmesg.log" => Source::Journal("kernel".to_owned()),
        "mounts" => Source::Command("talosctl mounts".to_owned()),
        "processes" => Source::Command("talosctl processes".to_owned()),
        "summary" | "dependencies.dot" | "devices" | "io" => Source::Meta(rest.to_owned()),
        _ => match file.strip_suffix(".log") {
            Some(service) if !service.contains('/') => Source::Journal(unit(service)),
            _ => Source::Named(rest.to_owned()),
        },
    }
}

/// The name of the container whose log this is: `kubernetes-logs/kube-system/kube-proxy-exited.log`.
fn container(rest: &str) -> Option<&str> {
    let below = rest.strip_prefix("kubernetes-logs/").unwrap_or(rest);
    let name = below.strip_prefix("kube-system/")?.strip_suffix(".log")?;
    Some(name.strip_suffix("-exited").unwrap_or(name))
}

/// The service as it is called on other systems. `cri` is the containerd of pods, `containerd` that of the system.
fn unit(service: &str) -> String {
    let name = match service {
        "cri" => "containerd",
        "containerd" => "system-containerd",
        other => other,
    };
    format!("{name}.service")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_new_trees_are_told() {
        let new = [
            "10.5.0.2/dmesg.log",
            "10.5.0.2/controller-runtime.log",
            "10.5.0.2/summary",
            "10.5.0.2/resources/nodenames.kubernetes.talos.dev.yaml",
            "10.5.0.2/service-logs/kubelet.log",
            "kubernetesResources/nodes.yaml",
        ];
        let old = [
            "10.5.0.2/dmesg.log",
            "10.5.0.2/summary",
            "10.5.0.2/kubelet.log",
            "10.5.0.2/machined.log",
            "10.5.0.2/talosResources/nodenames.kubernetes.talos.dev.yaml",
            "cluster/kubernetesResources/nodes.yaml",
        ];
        assert_eq!((detect(&new), detect(&old)), (100, 100));
        assert_eq!(detect(&["a/dmesg.log", "a/kubelet.log"]), 0);
        assert_eq!(node(old[0]), Some("10.5.0.2"));
        assert_eq!((node(old[5]), node(new[5])), (None, None));
    }

    #[test]
    fn logs_of_services_and_containers_have_their_program() {
        for name in ["n/kubelet.log", "n/service-logs/kubelet.log"] {
            assert_eq!(source(name), Source::Journal("kubelet.service".into()));
        }
        assert_eq!(
            source("n/service-logs/cri.log"),
            Source::Journal("containerd.service".into())
        );
        assert_eq!(
            source("n/kubernetes-logs/kube-system/kube-apiserver-exited.log"),
            Source::File("/var/log/pods/kube-system_x_x/kube-apiserver/0.log".into())
        );
        assert_eq!(source("n/dmesg.log"), Source::Journal("kernel".into()));
    }
}
