//! Effective settings of the kubelet, and what its version refuses in them.

use crate::derived::{Context, Derived};
use crate::evidence::Evidence;
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::kubelet::command_line;
use crate::kubelet::{Kubelet, gates, settings};

pub(super) const DERIVED: Derived = Derived {
    name: "kubelet_settings",
    after: &["kubelet_flags", "host_identity", "host_distribution"],
    facts: FACTS,
    derive,
};

const CONFIG: &str = "the kubelet's configuration file and command line";
const CAT: &str = "cat /var/lib/kubelet/config.yaml; systemctl cat kubelet";

const fn setting(path: &'static str, ty: Type, meaning: &'static str) -> FactDecl {
    FactDecl::new(path, ty, meaning).needs(CONFIG, CAT)
}

const fn optional(path: &'static str, ty: Type, meaning: &'static str) -> FactDecl {
    setting(path, ty, meaning).null_is("not set")
}

const FACTS: &[FactDecl] = &[
    setting(
        "kubelet.effective.cgroup_driver",
        Type::Text,
        "cgroupfs or systemd",
    ),
    setting(
        "kubelet.effective.fail_swap_on",
        Type::Bool,
        "refuses to start while swap is on",
    ),
    setting(
        "kubelet.effective.fail_cgroup_v1",
        Type::Bool,
        "refuses to start on cgroup v1",
    )
    .null_is("this version has no such setting"),
    setting(
        "kubelet.effective.register_node",
        Type::Bool,
        "registers the node by itself",
    ),
    setting(
        "kubelet.effective.rotate_certificates",
        Type::Bool,
        "renews its client certificate",
    ),
    setting(
        "kubelet.effective.server_tls_bootstrap",
        Type::Bool,
        "requests its serving certificate from the cluster",
    ),
    optional(
        "kubelet.effective.client_ca_file",
        Type::Text,
        "CA for clients of the kubelet",
    ),
    optional(
        "kubelet.effective.static_pod_path",
        Type::Text,
        "folder of static pods",
    ),
    optional(
        "kubelet.effective.resolv_conf",
        Type::Text,
        "resolver configuration for pods",
    ),
    optional(
        "kubelet.effective.container_runtime_endpoint",
        Type::Text,
        "socket of the container runtime",
    ),
    optional(
        "kubelet.effective.node_ip",
        Type::Text,
        "address of the node",
    ),
    optional(
        "kubelet.effective.cloud_provider",
        Type::Text,
        "external or the name of a provider",
    ),
    optional(
        "kubelet.effective.kubeconfig",
        Type::Text,
        "kubeconfig for the API server",
    ),
    optional(
        "kubelet.effective.bootstrap_kubeconfig",
        Type::Text,
        "kubeconfig for the first certificate",
    ),
    setting(
        "kubelet.effective.cert_dir",
        Type::Text,
        "folder of its certificates",
    ),
    setting(
        "kubelet.effective.root_dir",
        Type::Text,
        "folder of its state",
    ),
    setting(
        "kubelet.effective.protect_kernel_defaults",
        Type::Bool,
        "refuses to start on other kernel settings than its own",
    ),
    setting("kubelet.effective.port", Type::Int, "port of its API"),
    setting(
        "kubelet.effective.healthz_port",
        Type::Int,
        "port of its health check; 0 is off",
    ),
    setting(
        "kubelet.effective.cpu_manager_policy",
        Type::Text,
        "none or static",
    ),
    setting(
        "kubelet.effective.memory_manager_policy",
        Type::Text,
        "None or Static",
    ),
    optional(
        "kubelet.effective.kube_reserved_cgroup",
        Type::Text,
        "cgroup of the reservation for Kubernetes",
    ),
    optional(
        "kubelet.effective.system_reserved_cgroup",
        Type::Text,
        "cgroup of the reservation for the system",
    ),
    setting(
        "kubelet.effective.enforce_node_allocatable",
        Type::Texts,
        "which reservations are enforced",
    ),
    setting(
        "kubelet.effective.node_status_update_frequency",
        Type::Duration,
        "time between status updates",
    ),
    optional(
        "kubelet.effective.tls_cert_file",
        Type::Text,
        "serving certificate",
    ),
    optional(
        "kubelet.effective.tls_private_key_file",
        Type::Text,
        "key of the serving certificate",
    ),
    setting(
        "kubelet.effective.node_labels",
        Type::Records,
        "labels for the node",
    ),
    FactDecl::new("kubelet.effective.node_labels[].key", Type::Text, ""),
    FactDecl::new("kubelet.effective.node_labels[].value", Type::Text, ""),
    setting(
        "kubelet.effective.feature_gates",
        Type::Records,
        "feature gates that are set",
    ),
    FactDecl::new("kubelet.effective.feature_gates[].name", Type::Text, ""),
    FactDecl::new("kubelet.effective.feature_gates[].value", Type::Bool, ""),
    optional(
        "kubelet.effective.provider_id",
        Type::Text,
        "identity of the machine at the cloud provider",
    ),
    optional(
        "kubelet.effective.kubelet_cgroups",
        Type::Text,
        "cgroup of the kubelet",
    ),
    optional(
        "kubelet.effective.memory_swap_behavior",
        Type::Text,
        "how pods may use swap",
    ),
    setting(
        "kubelet.effective.cluster_dns",
        Type::Texts,
        "DNS servers for pods",
    ),
    optional(
        "kubelet.effective.image_credential_provider_config",
        Type::Text,
        "configuration of credential providers for images",
    ),
    optional(
        "kubelet.effective.hostname_override",
        Type::Text,
        "name of the node instead of the host's",
    ),
    setting(
        "kubelet.effective.max_pods",
        Type::Int,
        "number of pods that the node takes",
    ),
    setting(
        "kubelet.effective.anonymous_auth",
        Type::Bool,
        "answers requests without an identity",
    ),
    setting(
        "kubelet.effective.authorization_mode",
        Type::Text,
        "Webhook or AlwaysAllow",
    ),
    setting(
        "kubelet.effective.read_only_port",
        Type::Int,
        "port that needs no identity; 0 is off",
    ),
    setting(
        "kubelet.effective.log_verbosity",
        Type::Int,
        "verbosity of its log",
    ),
    setting(
        "kubelet.effective.eviction_hard",
        Type::Records,
        "thresholds for hard eviction that are set",
    ),
    FactDecl::new(
        "kubelet.effective.eviction_hard[].key",
        Type::Text,
        "signal",
    ),
    FactDecl::new("kubelet.effective.eviction_hard[].value", Type::Text, ""),
    setting(
        "kubelet.effective.merge_default_eviction_settings",
        Type::Bool,
        "thresholds that are not set keep their defaults",
    )
    .null_is("this version has no such setting"),
    setting(
        "kubelet.overridden_fields",
        Type::Texts,
        "settings whose flag has another value than the configuration file",
    ),
    FactDecl::new(
        "kubelet.node_name",
        Type::Text,
        "name under which the kubelet registers: its override, else the host name in lower case",
    )
    .needs(
        "host name and command line of the kubelet",
        "hostname; ps auxww",
    ),
    setting(
        "kubelet.forbidden_labels",
        Type::Texts,
        "keys in --node-labels that the kubelet refuses: kubernetes.io or k8s.io, and not allowed for nodes",
    ),
    setting(
        "kubelet.unknown_feature_gates",
        Type::Texts,
        "feature gates that are set and that this version does not have, which keeps it from starting",
    ),
    setting(
        "kubelet.locked_feature_gates",
        Type::Texts,
        "feature gates that are set to another value than the only one that this version takes, which keeps it from starting",
    ),
];

fn derive(evidence: &mut Evidence, context: &Context<'_>) {
    let kubelet = Kubelet::of(evidence, context);
    let config = kubelet.config(evidence);
    let sources = kubelet.sources(&config);
    let found: Vec<(String, Fact)> = settings::names()
        .filter_map(|name| {
            let fact = settings::effective(name, &sources)?;
            Some((format!("kubelet.effective.{name}"), fact))
        })
        .collect();
    let overridden = settings::overridden(&sources);
    for (path, fact) in found {
        evidence.facts.set(&path, fact);
    }
    let client_ca = "kubelet.effective.client_ca_file";
    if evidence.facts.get(client_ca).is_none()
        && let Some((path, at)) = context.logs.stated.get("client_ca")
    {
        let fact = Fact::text(path.as_str(), at.origin.clone());
        evidence.facts.set(client_ca, fact);
    }
    let complete = kubelet.line.as_ref().is_some_and(|line| line.complete);
    let more = [
        ("kubelet.node_name", node_name(evidence, context, complete)),
        ("kubelet.forbidden_labels", forbidden_labels(evidence)),
        ("kubelet.overridden_fields", overridden),
        (
            "kubelet.unknown_feature_gates",
            gates::unknown(evidence, kubelet.version),
        ),
        (
            "kubelet.locked_feature_gates",
            gates::locked(evidence, kubelet.version),
        ),
    ];
    for (path, fact) in more {
        if let Some(fact) = fact {
            evidence.facts.set(path, fact);
        }
    }
}

/// The override, the name in the configuration of k3s or RKE2, the host name where no override can be hidden, the log. A cloud
/// provider inside the kubelet names the node itself, so that only the log counts.
fn node_name(evidence: &Evidence, context: &Context<'_>, complete: bool) -> Option<Fact> {
    let facts = &evidence.facts;
    let in_tree = facts
        .text("kubelet.effective.cloud_provider")
        .is_some_and(|provider| !["", "external"].contains(&provider));
    if let Some(fact) = facts.get("kubelet.effective.hostname_override")
        && fact.as_text().is_some()
        && !in_tree
    {
        return Some(fact.clone());
    }
    if let Some((name, origin)) = command_line::rancher_value(evidence, "node-name") {
        return Some(Fact::text(name, origin));
    }
    let host = facts.get("host.name").filter(|_| complete && !in_tree);
    let lower = host.and_then(|fact| {
        let name = fact.as_text()?.trim().to_lowercase();
        (!name.is_empty()).then(|| Fact {
            value: Value::Text(name),
            origins: fact.origins.clone(),
        })
    });
    lower.or_else(|| {
        let (name, at) = context.logs.stated.get("node")?;
        Some(Fact::text(name.as_str(), at.origin.clone()))
    })
}

fn forbidden_labels(evidence: &Evidence) -> Option<Fact> {
    let labels = evidence.facts.get("kubelet.effective.node_labels")?;
    let refused = labels.items().iter().filter_map(|label| {
        let key = label.field("key")?;
        (!is_allowed(key.as_text()?)).then(|| key.clone())
    });
    let list = Fact::list(refused.collect());
    let origins = if list.origins.is_empty() {
        labels.origins.clone()
    } else {
        list.origins
    };
    Some(Fact {
        value: list.value,
        origins,
    })
}

/// Whether a kubelet may set a label on its own node.
fn is_allowed(key: &str) -> bool {
    const LABELS: &[&str] = &[
        "beta.kubernetes.io/arch",
        "beta.kubernetes.io/instance-type",
        "beta.kubernetes.io/os",
        "failure-domain.beta.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "kubernetes.io/arch",
        "kubernetes.io/hostname",
        "kubernetes.io/os",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
    ];
    let namespace = key.split_once('/').map_or("", |(namespace, _)| namespace);
    let within = |domain: &str| {
        namespace == domain
            || namespace
                .strip_suffix(domain)
                .is_some_and(|front| front.ends_with('.'))
    };
    let reserved = within("kubernetes.io") || within("k8s.io");
    !reserved
        || within("kubelet.kubernetes.io")
        || within("node.kubernetes.io")
        || LABELS.contains(&key)
}

#[cfg(test)]
mod tests;
