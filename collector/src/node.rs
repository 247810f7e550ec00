//! What the node says of itself before anything is stored: its units, its kubelet, the paths they name.

pub(crate) mod credentials;
pub(crate) mod data;
pub(crate) mod descriptors;
pub(crate) mod detect;
pub(crate) mod embedded;
pub(crate) mod kubelet;
pub(crate) mod processes;
pub(crate) mod references;
pub(crate) mod scan;
pub(crate) mod unit_file;
pub(crate) mod units;

use crate::host::Host;
use crate::profile::{self, Narrowed, Profile};
use data::Moved;
use detect::Detected;
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
    /// Distributions that were found, by name.
    pub(crate) profiles: Vec<Detected>,
    /// Data folders that are not in their usual place.
    pub(crate) moved: Vec<Moved>,
    /// What a person says the node is.
    pub(crate) narrowed: Narrowed,
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
    /// Where credentials lie that are never stored.
    pub(crate) credentials: Vec<String>,
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
    pub(crate) fn resolve(host: &mut Host, narrowed: Narrowed) -> Self {
        let mut node = Self {
            hostname: hostname(host),
            units: units::find(host),
            processes: processes::find(host),
            kernel: kernel(host),
            first_sample: crate::specs::counters::Sample::take(host),
            narrowed,
            ..Self::default()
        };
        let wanted = profile::wanted(narrowed);
        node.descriptors = descriptors::find(host, &node.processes);
        node.profiles = detect::find(host, &node);
        node.moved = data::find(host, &node.units, &node.processes, wanted);
        node.kubelets = kubelet::find(host, &node.units, &node.processes, narrowed);
        node.kubeconfigs = kubeconfigs(host, &node);
        node.pki_folders = pki_folders(host, &node);
        node.pem_files = pem_files(host, &node);
        node.credentials = credentials::find(host, &node);
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
            .filter(|named| named.key == key)
            .map(|named| named.value.clone());
        unique(values)
    }

    /// A path of a profile, and the same path in a data folder that was moved.
    pub(crate) fn places(&self, path: &str) -> Vec<String> {
        let moved = self.moved.iter().filter_map(|moved| {
            let rest = path.strip_prefix(moved.usual)?;
            let inside = rest.is_empty() || rest.starts_with('/');
            inside.then(|| format!("{}{rest}", moved.actual))
        });
        unique(std::iter::once(path.to_owned()).chain(moved))
    }

    /// Places where kubeconfigs are looked for, whatever flags say.
    pub(crate) fn usual_kubeconfigs(&self) -> Vec<String> {
        let everywhere = KUBECONFIGS.iter().map(|path| (*path).to_owned());
        unique(everywhere.chain(self.declared(|profile| profile.kubeconfigs)))
    }

    /// Paths of one kind that the profiles declare, in every place where they can be.
    pub(crate) fn declared(
        &self,
        of: fn(&'static Profile) -> &'static [&'static str],
    ) -> Vec<String> {
        let paths = profile::wanted(self.narrowed).flat_map(of);
        unique(paths.flat_map(|path| self.places(path)))
    }

    /// Root folders of kubelets; the usual one is always among them.
    pub(crate) fn kubelet_roots(&self) -> Vec<String> {
        let named = self.flag("root-dir").into_iter();
        let usual = std::iter::once("/var/lib/kubelet".to_owned());
        let declared = self.declared(|profile| profile.roots);
        let named = named.filter(|path| path.starts_with('/'));
        unique(named.chain(usual).chain(declared))
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

fn kubeconfigs(host: &mut Host, node: &Node) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for kubelet in &node.kubelets {
        for flag in ["kubeconfig", "bootstrap-kubeconfig"] {
            paths.extend(kubelet.flags.get(flag).cloned());
        }
    }
    paths.extend(node.usual_kubeconfigs());
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

fn pki_folders(host: &mut Host, node: &Node) -> Vec<String> {
    let named = node.flag("cert-dir").into_iter();
    let below_root = node.kubelet_roots().into_iter();
    let mut folders: Vec<String> = named
        .filter(|path| path.starts_with('/'))
        .chain(below_root.map(|root| format!("{root}/pki")))
        .chain(std::iter::once("/etc/kubernetes/pki".to_owned()))
        .collect();
    for path in node.declared(|profile| profile.pki) {
        match path.strip_suffix("/**") {
            Some(top) => below(host, top, PKI_DEPTH, &mut folders),
            None => folders.push(path),
        }
    }
    unique(folders.into_iter())
}

/// A folder and the folders below it.
fn below(host: &mut Host, path: &str, depth: u8, folders: &mut Vec<String>) {
    folders.push(path.to_owned());
    if depth == 0 || folders.len() > MAX_PKI_FOLDERS {
        return;
    }
    if let Ok(listing) = host.list(path) {
        for entry in listing.entries {
            if entry.kind == "dir" {
                below(host, &format!("{path}/{}", entry.name), depth - 1, folders);
            }
        }
    }
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

/// Kubeconfigs in places that no distribution has for itself.
const KUBECONFIGS: &[&str] = &[
    "/etc/kubernetes/kubelet.conf",
    "/etc/kubernetes/bootstrap-kubelet.conf",
    "/var/lib/kubelet/kubeconfig",
    "/var/lib/kubelet/bootstrap-kubeconfig",
    "/var/lib/kube-proxy/kubeconfig",
];

/// Levels of folders below one that holds certificates in folders.
const PKI_DEPTH: u8 = 4;
/// A node with more folders of certificates is looked at in part.
const MAX_PKI_FOLDERS: usize = 200;

const PEM_FLAGS: &[(&str, &str)] = &[
    ("client-ca-file", "clientCAFile"),
    ("tls-cert-file", "tlsCertFile"),
    ("tls-private-key-file", "tlsPrivateKeyFile"),
];

const KUBECONFIG_PATHS: &[&str] = &["certificate-authority", "client-certificate", "client-key"];

/// Where a program without a path is looked for.
pub(crate) const PATH: &[&str] = &[
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
    "/opt/bin",
];
