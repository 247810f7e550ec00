//! What the node says of itself before anything is stored: its units, its kubelet, the paths they name.

pub(crate) mod descriptors;
pub(crate) mod kubelet;
pub(crate) mod processes;
pub(crate) mod scan;
pub(crate) mod unit_file;
pub(crate) mod units;

use crate::host::Host;
use kubelet::Kubelet;
use processes::Process;
use std::collections::BTreeSet;
use units::Unit;

/// The node as far as it is known before collection.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// Host name, from `/etc/hostname` or the running kernel.
    pub(crate) hostname: Option<String>,
    /// Units of interest, by name.
    pub(crate) units: Vec<Unit>,
    /// Processes, by number.
    pub(crate) processes: Vec<Process>,
    /// Every kubelet that a process or a unit declares, the running one first.
    pub(crate) kubelets: Vec<Kubelet>,
    /// Kubeconfigs that flags name or that are found in the usual places.
    pub(crate) kubeconfigs: Vec<String>,
    /// Certificates, CA bundles and keys that configurations name.
    pub(crate) pem_files: Vec<String>,
    /// Folders that hold certificates: the usual ones and those that flags name.
    pub(crate) pki_folders: Vec<String>,
    /// Files in the folders that `staticPodPath` names.
    pub(crate) static_pods: Vec<String>,
    /// Programs that units and kubeconfigs name.
    pub(crate) programs: Vec<String>,
    /// Release of the kernel: the running one, or the only one of a tree.
    pub(crate) kernel: Option<String>,
    /// What processes hold open, of those that can be seen.
    pub(crate) descriptors: Vec<descriptors::Descriptors>,
    /// The kernel's counters when the collection began; `None` of a tree.
    pub(crate) first_sample: Option<crate::specs::counters::Sample>,
    /// Time of the newest journal record, microseconds since 1970.
    pub(crate) newest_record: Option<u64>,
    /// Boots in the journal: id and start in microseconds since 1970.
    pub(crate) boots: Vec<(String, u64)>,
}

impl Node {
    /// Reads what is needed to know where things are.
    pub(crate) fn resolve(host: &mut Host) -> Self {
        let mut node = Self {
            hostname: hostname(host),
            units: units::find(host),
            processes: processes::find(host),
            kernel: kernel(host),
            first_sample: crate::specs::counters::Sample::take(host),
            ..Self::default()
        };
        node.descriptors = descriptors::find(host, &node.processes);
        node.kubelets = kubelet::find(host, &node.units, &node.processes);
        node.kubeconfigs = kubeconfigs(host, &node.kubelets);
        node.pki_folders = pki_folders(&node);
        node.pem_files = pem_files(host, &node);
        node.static_pods = static_pods(host, &node);
        node.programs = programs(host, &node);
        if let Ok(summary) = host.journal(crate::journal::boots_ask(), &mut |_, _| {}) {
            node.newest_record = summary.last;
            node.boots = summary.boots;
        }
        node
    }

    /// How many processes hide their descriptors, as all others' do without root.
    pub(crate) fn hidden_processes(&self) -> usize {
        self.processes.len().saturating_sub(self.descriptors.len())
    }

    /// Values of a kubelet flag, the running kubelet's first.
    pub(crate) fn flag(&self, name: &str) -> Vec<String> {
        let values = self
            .kubelets
            .iter()
            .filter_map(|kubelet| kubelet.flags.get(name));
        unique(values.cloned())
    }

    /// Values of a key in the kubelets' configuration files.
    pub(crate) fn config(&self, key: &str) -> Vec<String> {
        let values = self
            .kubelets
            .iter()
            .flat_map(|kubelet| kubelet.config.iter())
            .filter(|(name, _)| name == key)
            .map(|(_, value)| value.clone());
        unique(values)
    }

    /// Root folders of kubelets; the usual one is always among them.
    pub(crate) fn kubelet_roots(&self) -> Vec<String> {
        let named = self.flag("root-dir").into_iter();
        let usual = KUBELET_ROOTS.iter().map(|path| (*path).to_owned());
        unique(named.filter(|path| path.starts_with('/')).chain(usual))
    }

    /// Absolute paths that a flag or the configuration key of the same meaning names.
    pub(crate) fn paths(&self, flag: &str, key: &str) -> Vec<String> {
        let both = self.flag(flag).into_iter().chain(self.config(key));
        unique(both.filter(|path| path.starts_with('/')))
    }
}

/// Of a tree the release is known where it holds the modules of one kernel only.
fn kernel(host: &mut Host) -> Option<String> {
    if host.is_live() {
        let system = rustix::system::uname();
        return Some(system.release().to_string_lossy().into_owned());
    }
    if let Some(release) = host.line("/proc/sys/kernel/osrelease") {
        return Some(release);
    }
    let mut releases = host.list("/lib/modules").ok()?.entries.into_iter();
    let first = releases.next()?.name;
    releases.next().is_none().then_some(first)
}

fn hostname(host: &mut Host) -> Option<String> {
    let running = "/proc/sys/kernel/hostname";
    let candidates = if host.is_live() {
        [running, "/etc/hostname"]
    } else {
        ["/etc/hostname", running]
    };
    candidates.iter().find_map(|path| {
        let text = host.line(path)?;
        let name = text
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with('#'))?;
        Some(name.to_owned())
    })
}

fn kubeconfigs(host: &mut Host, kubelets: &[Kubelet]) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for kubelet in kubelets {
        for flag in ["kubeconfig", "bootstrap-kubeconfig"] {
            paths.extend(kubelet.flags.get(flag).cloned());
        }
    }
    paths.extend(KUBECONFIGS.iter().map(|path| (*path).to_owned()));
    if let Ok(listing) = host.list("/etc/cni/net.d") {
        let names = listing.entries.iter().map(|entry| &entry.name);
        paths.extend(
            names
                .filter(|name| name.contains("kubeconfig"))
                .map(|name| format!("/etc/cni/net.d/{name}")),
        );
    }
    unique(paths.into_iter().filter(|path| path.starts_with('/')))
}

fn pki_folders(node: &Node) -> Vec<String> {
    let named = node.flag("cert-dir").into_iter();
    let below_root = node.kubelet_roots().into_iter();
    let usual = PKI_FOLDERS.iter().map(|path| (*path).to_owned());
    unique(
        named
            .filter(|path| path.starts_with('/'))
            .chain(below_root.map(|root| format!("{root}/pki")))
            .chain(usual),
    )
}

/// Certificates and keys in the certificate folders, after PEM-bearing keys of kubeconfigs and kubelet
/// configurations, and of kubelet flags.
fn pem_files(host: &mut Host, node: &Node) -> Vec<String> {
    let mut paths = Vec::new();
    for folder in &node.pki_folders {
        if let Ok(listing) = host.list(folder) {
            let entries = listing.entries.into_iter();
            let files = entries.filter(|entry| matches!(entry.kind.as_str(), "file" | "link"));
            let names = files
                .map(|entry| entry.name)
                .filter(|name| is_pem_name(name));
            paths.extend(names.take(200).map(|name| format!("{folder}/{name}")));
        }
    }
    for (flag, key) in PEM_FLAGS {
        paths.extend(node.paths(flag, key));
    }
    for kubeconfig in &node.kubeconfigs {
        let Ok(taken) = host.read(kubeconfig, 256 << 10) else {
            continue;
        };
        let found = scan::values(&taken.text(), KUBECONFIG_PATHS);
        paths.extend(
            found
                .into_iter()
                .map(|(_, path)| absolute(&path, kubeconfig)),
        );
    }
    unique(paths.into_iter().filter(|path| path.starts_with('/')))
}

fn is_pem_name(name: &str) -> bool {
    let ending = name.rsplit('.').next().unwrap_or_default();
    matches!(ending, "pem" | "crt" | "cer" | "key" | "pub")
}

/// Files of static pod folders other than the usual one, which its spec lists anyway.
fn static_pods(host: &mut Host, node: &Node) -> Vec<String> {
    let mut files = Vec::new();
    for folder in node.paths("pod-manifest-path", "staticPodPath") {
        if let Ok(listing) = host.list(&folder) {
            let entries = listing.entries.into_iter();
            let names = entries.filter(|entry| matches!(entry.kind.as_str(), "file" | "link"));
            files.extend(
                names
                    .take(50)
                    .map(|entry| format!("{folder}/{}", entry.name)),
            );
        }
    }
    files
}

fn programs(host: &mut Host, node: &Node) -> Vec<String> {
    let mut programs: Vec<String> = Vec::new();
    for unit in &node.units {
        programs.extend(unit.programs());
    }
    for kubeconfig in &node.kubeconfigs {
        let Ok(taken) = host.read(kubeconfig, 256 << 10) else {
            continue;
        };
        for (_, command) in scan::values(&taken.text(), &["command"]) {
            if command.starts_with('/') {
                programs.push(command);
            } else if !command.contains('/') {
                programs.extend(PATH.iter().map(|folder| format!("{folder}/{command}")));
            }
        }
    }
    let mut programs = unique(programs.into_iter().filter(|path| path.starts_with('/')));
    programs.sort();
    programs
}

/// A path in a kubeconfig is relative to the kubeconfig's folder.
pub(crate) fn absolute(path: &str, kubeconfig: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    format!("{}/{path}", crate::host::door::parent(kubeconfig))
}

/// Without repeats, in order.
pub(crate) fn unique(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    values.filter(|value| seen.insert(value.clone())).collect()
}

/// Kubeconfigs of kubelets in the usual places.
pub(crate) const KUBECONFIGS: &[&str] = &[
    "/etc/kubernetes/kubelet.conf",
    "/etc/kubernetes/bootstrap-kubelet.conf",
    "/etc/kubernetes/admin.conf",
    "/etc/kubernetes/super-admin.conf",
    "/etc/kubernetes/controller-manager.conf",
    "/etc/kubernetes/scheduler.conf",
    "/etc/kubernetes/kubeconfig",
    "/etc/kubernetes/kubeconfig-kubelet",
    "/etc/kubernetes/bootstrap-kubeconfig",
    "/etc/kubernetes/ssl/kubecfg-kube-node.yaml",
    "/etc/kubernetes/kubelet/kubeconfig",
    "/etc/kubernetes/kubelet/bootstrap-kubeconfig",
    "/var/lib/kubelet/kubeconfig",
    "/var/lib/kubelet/bootstrap-kubeconfig",
    "/var/lib/kube-proxy/kubeconfig",
    "/var/lib/kube-proxy/kubeconfig.conf",
    "/var/lib/rancher/k3s/agent/kubelet.kubeconfig",
    "/var/lib/rancher/k3s/agent/kubeproxy.kubeconfig",
    "/var/lib/rancher/rke2/agent/kubelet.kubeconfig",
    "/var/lib/rancher/rke2/agent/kubeproxy.kubeconfig",
    "/var/lib/k0s/kubelet.conf",
    "/var/lib/k0s/kubelet-bootstrap.conf",
    "/var/snap/microk8s/current/credentials/kubelet.config",
    "/var/lib/microshift/resources/kubelet/kubeconfig",
];

const KUBELET_ROOTS: &[&str] = &["/var/lib/kubelet"];

const PKI_FOLDERS: &[&str] = &[
    "/etc/kubernetes/pki",
    "/etc/kubernetes/pki/etcd",
    "/etc/kubernetes/certs",
    "/etc/kubernetes/ssl",
    "/etc/srv/kubernetes/pki",
    "/var/lib/minikube/certs",
    "/var/lib/rancher/k3s/agent",
    "/var/lib/rancher/k3s/server/tls",
    "/var/lib/rancher/rke2/agent",
    "/var/lib/rancher/rke2/server/tls",
    "/var/lib/k0s/pki",
    "/var/lib/k0s/kubelet/pki",
    "/var/snap/microk8s/current/certs",
];

const PEM_FLAGS: &[(&str, &str)] = &[
    ("client-ca-file", "clientCAFile"),
    ("tls-cert-file", "tlsCertFile"),
    ("tls-private-key-file", "tlsPrivateKeyFile"),
];

const KUBECONFIG_PATHS: &[&str] = &["certificate-authority", "client-certificate", "client-key"];

/// Where a program without a path is looked for.
const PATH: &[&str] = &[
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
    "/opt/bin",
];
