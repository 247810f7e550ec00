//! What Bottlerocket makes of its settings for the kubelet: files and flags, from the same templates on every node. Follows the templates of
//! Kubernetes 1.25 to 1.33.

use crate::tree::{Node, Pair, Value};

/// Where the kubeconfig is written to.
pub(crate) const KUBECONFIG: &str = "/etc/kubernetes/kubelet/kubeconfig";
/// Where the kubeconfig for the first start is written to.
pub(crate) const BOOTSTRAP: &str = "/etc/kubernetes/kubelet/bootstrap-kubeconfig";
/// Where the kubelet's configuration is written to.
pub(crate) const CONFIG: &str = "/etc/kubernetes/kubelet/config";
/// The drop-in with the kubelet's flags.
pub(crate) const FLAGS: &str = "/etc/systemd/system/kubelet.service.d/exec-start.conf";
/// Where the cluster's certificate is written to.
pub(crate) const CA: &str = "/etc/kubernetes/pki/ca.crt";
/// Where the certificate of the kubelet's server is written to.
pub(crate) const SERVER_CERTIFICATE: &str = "/etc/kubernetes/pki/kubelet-server.crt";
/// Folder of static pods.
pub(crate) const STATIC_PODS: &str = "/etc/kubernetes/static-pods/";

/// The environment of the kubelet and the runtime.
pub(crate) const PROXY: &str = "/etc/network/proxy.env";

const CLIENT_CERTIFICATE: &str = "/var/lib/kubelet/pki/kubelet-client-current.pem";

/// The kubeconfig; `None` where the settings do not name a server, or how the kubelet shows who it is.
pub(crate) fn kubeconfig(settings: &Node) -> Option<Node> {
    let mode = settings.get("authentication-mode")?;
    let at = At(mode);
    let user = match mode.text()? {
        "aws" => at.map(vec![(
            "exec",
            at.map(vec![
                (
                    "apiVersion",
                    at.text("client.authentication.k8s.io/v1beta1"),
                ),
                ("command", at.text("/usr/bin/aws-iam-authenticator")),
            ]),
        )]),
        "tls" => at.map(vec![
            ("client-certificate", at.text(CLIENT_CERTIFICATE)),
            ("client-key", at.text(CLIENT_CERTIFICATE)),
        ]),
        _ => return None,
    };
    with_user(settings, at, user)
}

/// The kubeconfig with the token for the first start; `None` where none is set.
pub(crate) fn bootstrap_kubeconfig(settings: &Node) -> Option<Node> {
    let token = set(settings, "bootstrap-token")?;
    let at = At(token);
    with_user(settings, at, at.map(vec![("token", token.clone())]))
}

fn with_user(settings: &Node, at: At<'_>, user: Node) -> Option<Node> {
    let server = settings.get("api-server")?;
    let cluster = at.map(vec![
        ("certificate-authority", at.text(CA)),
        ("server", server.clone()),
    ]);
    let context = at.map(vec![
        ("cluster", at.text("kubernetes")),
        ("user", at.text("kubelet")),
    ]);
    let named = |name: &str, key: &'static str, value: Node| {
        at.list(vec![at.map(vec![("name", at.text(name)), (key, value)])])
    };
    Some(at.map(vec![
        ("apiVersion", at.text("v1")),
        ("kind", at.text("Config")),
        ("clusters", named("kubernetes", "cluster", cluster)),
        ("contexts", named("kubelet", "context", context)),
        ("current-context", at.text("kubelet")),
        ("users", named("kubelet", "user", user)),
    ]))
}

/// Variables that say which proxy is used and for whom it is not, each with the line of its setting; `None` where the settings of the
/// network are not among those at hand. The names that are always asked without proxy come last, as in the template.
pub(crate) fn proxy(settings: &Node) -> Option<Vec<(&'static str, String, u64)>> {
    let network = settings.get("network")?;
    let proxy = set(network, "https-proxy");
    let excepted = set(network, "no-proxy");
    let kubernetes = |key: &str| set(settings.get("kubernetes")?, key)?.text();
    let own = excepted.map(Node::items).unwrap_or_default();
    let mut names: Vec<String> = own.iter().filter_map(Node::scalar).collect();
    names.extend(["localhost", "127.0.0.1"].map(str::to_owned));
    names.extend(kubernetes("api-server").map(|url| host(url).to_owned()));
    names.extend(kubernetes("cluster-domain").map(|domain| format!(".{domain}")));
    let proxy = proxy.and_then(|proxy| Some(("HTTPS_PROXY", proxy.text()?.to_owned(), proxy.line)));
    let line = excepted.map_or(network.line, |excepted| excepted.line);
    let excepted = ("NO_PROXY", names.join(","), line);
    Some(proxy.into_iter().chain([excepted]).collect())
}

/// `https://a.example.com:6443/x` → `a.example.com`
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', ':']).unwrap_or(rest.len());
    rest.get(..end).unwrap_or(rest)
}

/// Settings that the configuration of the kubelet has under another name.
const FIELDS: [(&str, &str); 30] = [
    ("allowed-unsafe-sysctls", "allowedUnsafeSysctls"),
    ("cluster-domain", "clusterDomain"),
    ("container-log-max-files", "containerLogMaxFiles"),
    ("container-log-max-size", "containerLogMaxSize"),
    ("cpu-cfs-quota-enforced", "cpuCFSQuota"),
    ("cpu-manager-policy", "cpuManagerPolicy"),
    ("cpu-manager-reconcile-period", "cpuManagerReconcilePeriod"),
    ("event-burst", "eventBurst"),
    ("event-qps", "eventRecordQPS"),
    ("eviction-hard", "evictionHard"),
    ("eviction-max-pod-grace-period", "evictionMaxPodGracePeriod"),
    ("eviction-soft", "evictionSoft"),
    ("eviction-soft-grace-period", "evictionSoftGracePeriod"),
    (
        "image-gc-high-threshold-percent",
        "imageGCHighThresholdPercent",
    ),
    (
        "image-gc-low-threshold-percent",
        "imageGCLowThresholdPercent",
    ),
    ("kube-api-burst", "kubeAPIBurst"),
    ("kube-api-qps", "kubeAPIQPS"),
    ("kube-reserved", "kubeReserved"),
    ("max-pods", "maxPods"),
    ("pod-pids-limit", "podPidsLimit"),
    ("provider-id", "providerID"),
    ("registry-burst", "registryBurst"),
    ("registry-qps", "registryPullQPS"),
    ("reserved-cpus", "reservedSystemCPUs"),
    ("seccomp-default", "seccompDefault"),
    ("shutdown-grace-period", "shutdownGracePeriod"),
    (
        "shutdown-grace-period-for-critical-pods",
        "shutdownGracePeriodCriticalPods",
    ),
    ("system-reserved", "systemReserved"),
    ("topology-manager-policy", "topologyManagerPolicy"),
    ("topology-manager-scope", "topologyManagerScope"),
];

/// The configuration file of the kubelet.
pub(crate) fn config(settings: &Node) -> Node {
    let at = At(settings);
    let mut pairs = vec![
        ("kind", at.text("KubeletConfiguration")),
        ("apiVersion", at.text("kubelet.config.k8s.io/v1beta1")),
        ("cgroupDriver", at.text("systemd")),
        ("protectKernelDefaults", at.value(Value::Bool(true))),
        ("staticPodPath", at.text(STATIC_PODS)),
        ("resolvConf", at.text("/run/netdog/resolv.conf")),
    ];
    let set = |key: &str| set(settings, key);
    pairs.extend(
        FIELDS
            .iter()
            .filter_map(|(key, field)| Some((*field, set(key)?.clone()))),
    );
    if let Some(addresses) = set("cluster-dns-ip") {
        let list = match addresses.items() {
            [] => at.list(vec![addresses.clone()]),
            _ => addresses.clone(),
        };
        pairs.push(("clusterDNS", list));
    }
    if set("standalone-mode").and_then(Node::bool) != Some(true) {
        let authority = at.map(vec![("clientCAFile", at.text(CA))]);
        pairs.push(("authentication", at.map(vec![("x509", authority)])));
    }
    if set("server-certificate").is_some() && set("server-key").is_some() {
        pairs.push(("tlsCertFile", at.text(SERVER_CERTIFICATE)));
        pairs.push(("tlsPrivateKeyFile", at.text(SERVER_KEY)));
    } else if let Some(asked) = set("server-tls-bootstrap") {
        pairs.push(("serverTLSBootstrap", asked.clone()));
    }
    at.map(pairs)
}

const SERVER_KEY: &str = "/etc/kubernetes/pki/private/kubelet-server.key";

/// The flags that follow from the settings, each with the line of its setting. There are others, which differ from version to version.
pub(crate) fn flags(settings: &Node) -> Vec<(u64, String)> {
    let set = |key: &str| set(settings, key);
    let alone = set("standalone-mode").filter(|alone| alone.bool() == Some(true));
    let mut flags = vec![(settings.line, format!("--config={CONFIG}"))];
    if alone.is_none() {
        flags.push((settings.line, format!("--kubeconfig={KUBECONFIG}")));
        let mode = set("authentication-mode").filter(|mode| mode.text() == Some("tls"));
        flags.extend(mode.map(|mode| (mode.line, format!("--bootstrap-kubeconfig={BOOTSTRAP}"))));
    }
    for (key, flag) in [
        ("cloud-provider", "cloud-provider"),
        ("hostname-override", "hostname-override"),
        ("node-ip", "node-ip"),
        ("log-level", "v"),
    ] {
        let value = set(key).and_then(|value| Some((value.line, value.scalar()?)));
        flags.extend(value.map(|(line, value)| (line, format!("--{flag}={value}"))));
    }
    if let Some(labels) = set("node-labels") {
        let label = |pair: &Pair| Some(format!("{}={}", pair.key, pair.value.scalar()?));
        let labels_in_one: Vec<String> = labels.pairs().iter().filter_map(label).collect();
        flags.push((
            labels.line,
            format!("--node-labels={}", labels_in_one.join(",")),
        ));
    }
    if let Some(taints) = set("node-taints") {
        let of_key = |pair: &Pair| -> Vec<String> {
            let values = std::iter::once(&pair.value).chain(pair.value.items());
            let values = values.filter_map(Node::scalar);
            values
                .map(|value| format!("{}={value}", pair.key))
                .collect()
        };
        let all: Vec<String> = taints.pairs().iter().flat_map(of_key).collect();
        flags.push((
            taints.line,
            format!("--register-with-taints={}", all.join(",")),
        ));
    }
    flags
}

/// A setting that has a value.
fn set<'n>(settings: &'n Node, key: &str) -> Option<&'n Node> {
    settings.get(key).filter(|value| !value.is_null())
}

/// Makes what a template adds, at the place of the setting that it stands for.
#[derive(Clone, Copy)]
struct At<'n>(&'n Node);

impl At<'_> {
    fn value(self, value: Value) -> Node {
        Node {
            value,
            line: self.0.line,
            column: self.0.column,
        }
    }

    fn text(self, text: &str) -> Node {
        self.value(Value::Text(text.to_owned()))
    }

    fn list(self, items: Vec<Node>) -> Node {
        self.value(Value::List(items))
    }

    fn map(self, pairs: Vec<(&str, Node)>) -> Node {
        let pair = |(key, value): (&str, Node)| Pair {
            key: key.to_owned(),
            line: value.line,
            value,
        };
        self.value(Value::Map(pairs.into_iter().map(pair).collect()))
    }
}
