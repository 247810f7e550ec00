//! What a profile is. Each file in `profiles/` declares one distribution: what gives it away, where it keeps things, and what only it has.

use crate::profiles;
use crate::spec::{Item, KIB, MIB, Sensitivity, Source, Spec, Tier};

/// One distribution of Kubernetes, or way to set up a node. Paths are those of the node.
#[derive(Debug)]
pub(crate) struct Profile {
    /// Its name for `--profile`, and what only it has.
    pub(crate) spec: Spec,
    /// Each of these gives it away.
    pub(crate) marks: &'static [Mark],
    /// These give it away only where no other distribution is found.
    pub(crate) weak_marks: &'static [Mark],
    /// Programs that are it, or begin with this: `k3s` for `k3s-server`.
    pub(crate) programs: &'static [&'static str],
    /// Units in which its kubelet runs, as patterns.
    pub(crate) kubelet_units: &'static [&'static str],
    /// Units of interest beside those of every node, as patterns.
    pub(crate) units: &'static [&'static str],
    /// Its kubeconfigs.
    pub(crate) kubeconfigs: &'static [&'static str],
    /// Its kubelet configuration files and files of kubelet arguments.
    pub(crate) configs: &'static [&'static str],
    /// Folders of certificates; those that end in `/**` with what is below them.
    pub(crate) pki: &'static [&'static str],
    /// Root folders of its kubelet beside the usual one.
    pub(crate) roots: &'static [&'static str],
    /// Environment files.
    pub(crate) environment: &'static [&'static str],
    /// Credentials: never stored, told about in `facts/credentials.json`. The last part may be a pattern.
    pub(crate) credentials: &'static [&'static str],
    /// Its data folder, where that can be moved.
    pub(crate) data: Option<DataFolder>,
    /// Where the arguments of its kubelet stand, when neither a unit nor a process of its own has them.
    pub(crate) arguments: Arguments,
}

/// What gives a distribution away.
#[derive(Debug)]
pub(crate) enum Mark {
    /// A file or folder.
    Path(&'static str),
    /// A file with a content of some kind.
    Content(&'static str, fn(&[u8]) -> bool),
    /// The file of a unit, by pattern.
    Unit(&'static str),
    /// `ID` in os-release.
    Os(&'static str),
}

/// A data folder that flags, variables and configuration can move.
#[derive(Debug)]
pub(crate) struct DataFolder {
    /// Where it is when nobody moves it.
    pub(crate) usual: &'static str,
    /// Flags of the distribution's program, without dashes.
    pub(crate) flags: &'static [&'static str],
    /// Variable of its unit.
    pub(crate) variable: &'static str,
    /// Configuration file whose `data-dir` moves it; files of `<this>.d` come after it.
    pub(crate) config: Option<&'static str>,
}

/// Where kubelet arguments stand.
#[derive(Debug)]
pub(crate) enum Arguments {
    /// On a command line.
    CommandLine,
    /// In a file of arguments; the variables in it have these values.
    File(&'static str, &'static [(&'static str, &'static str)]),
    /// Under `kubelet-arg` of a configuration file and of those in `<this>.d`.
    KubeletArg(&'static str),
}

/// A profile that declares nothing.
pub(crate) const NONE: Profile = Profile {
    spec: Spec {
        name: "",
        about: "",
        items: &[],
    },
    marks: &[],
    weak_marks: &[],
    programs: &[],
    kubelet_units: &["kubelet.service"],
    units: &[],
    kubeconfigs: &[],
    configs: &[],
    pki: &[],
    roots: &[],
    environment: &[],
    credentials: &[],
    data: None,
    arguments: Arguments::CommandLine,
};

/// The profile of a name.
pub(crate) fn named(name: &str) -> Option<&'static Profile> {
    profiles::ALL
        .iter()
        .copied()
        .find(|profile| profile.spec.name == name)
}

/// Names of all profiles, sorted.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    profiles::ALL.iter().map(|profile| profile.spec.name)
}

/// What a person says the node is; `None` for any.
pub(crate) type Narrowed = Option<&'static Profile>;

/// The profiles that are looked for: the one that was named, else all.
pub(crate) fn wanted(narrowed: Narrowed) -> impl Iterator<Item = &'static Profile> {
    profiles::ALL
        .iter()
        .copied()
        .filter(move |profile| narrowed.is_none_or(|only| only.spec.name == profile.spec.name))
}

/// Whether a text is a kubeconfig.
pub(crate) fn is_kubeconfig(bytes: &[u8]) -> bool {
    let kind = nodebundle_bundle::redact::ContentKind::detect("", bytes);
    kind == nodebundle_bundle::redact::ContentKind::Kubeconfig
}

/// Whether a text is a kubelet configuration.
pub(crate) fn is_kubelet_config(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let bare = |line: &str| line.replace(['"', ' ', ',', '\t'], "");
    text.lines()
        .any(|line| bare(line).contains("kind:KubeletConfiguration"))
}

/// Settings of a distribution.
pub(crate) const fn config(
    name: &'static str,
    path: &'static str,
    names: &'static [&'static str],
    depth: u8,
) -> Item {
    folder(
        (name, "distribution-config", "K1 C6"),
        path,
        names,
        depth,
        "this distribution keeps settings of the kubelet or of its helpers here",
    )
}

/// Settings of the runtime.
pub(crate) const fn runtime(
    name: &'static str,
    path: &'static str,
    names: &'static [&'static str],
    depth: u8,
) -> Item {
    folder(
        (name, "runtime-config", "CR4 CR5"),
        path,
        names,
        depth,
        "CRI plugin disabled, cgroup driver, pause image, CNI folders, mirrors",
    )
}

/// Network configuration of CNI.
pub(crate) const fn cni(name: &'static str, path: &'static str) -> Item {
    folder(
        (name, "cni-config", "N1"),
        path,
        &["*.conf", "*.conflist", "*.json"],
        0,
        "this distribution keeps its network configuration here",
    )
}

/// Manifests of static pods.
pub(crate) const fn static_pods(name: &'static str, path: &'static str) -> Item {
    folder(
        (name, "static-pod", "K10 E1"),
        path,
        &["*.yaml", "*.yml", "*.json", "*.manifest"],
        0,
        "the kubelet loads every file here: broken manifests, backups",
    )
}

/// Files of a folder; `what` is the item's name, kind and catalog numbers.
const fn folder(
    what: (&'static str, &'static str, &'static str),
    path: &'static str,
    names: &'static [&'static str],
    depth: u8,
    reason: &'static str,
) -> Item {
    Item {
        name: what.0,
        catalog: what.2,
        kind: what.1,
        source: Source::Folder { path, names, depth },
        cap: 128 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Mixed,
        reason,
    }
}

/// One small file.
pub(crate) const fn file(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog: "K1",
        kind: "distribution-config",
        source: Source::File(path),
        cap: 128 * KIB,
        tier: Tier::T0,
        sensitivity: Sensitivity::Mixed,
        reason: "this distribution keeps settings or state here",
    }
}

/// Names in a folder.
pub(crate) const fn listing(name: &'static str, path: &'static str) -> Item {
    Item {
        name,
        catalog: "K6 K12",
        kind: "listing",
        source: Source::Listing(path),
        cap: 64 * KIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Public,
        reason: "tells the distribution, and what is missing",
    }
}

/// Log files of a folder.
pub(crate) const fn logs(
    name: &'static str,
    path: &'static str,
    names: &'static [&'static str],
) -> Item {
    Item {
        name,
        catalog: "L1 L2 L4 L7",
        kind: "log",
        source: Source::Logs { path, names },
        cap: 4 * MIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Mixed,
        reason: "this distribution logs to files",
    }
}

/// Journals of units, by pattern.
pub(crate) const fn journal(name: &'static str, unit: &'static str) -> Item {
    Item {
        name,
        catalog: "L4",
        kind: "journal",
        source: Source::Journal {
            unit,
            programs: &[],
        },
        cap: MIB,
        tier: Tier::T1,
        sensitivity: Sensitivity::Mixed,
        reason: "what it said, start by start",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_is_told_apart_by_content() {
        let kubelet = b"apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
        let json = br#"{"kind": "KubeletConfiguration", "apiVersion": "x"}"#;
        let kubeconfig = b"apiVersion: v1\nkind: Config\nclusters: []\nusers: []\n";
        assert!(is_kubelet_config(kubelet) && is_kubelet_config(json));
        assert!(!is_kubelet_config(kubeconfig));
        assert!(is_kubeconfig(kubeconfig) && !is_kubeconfig(kubelet));
    }

    #[test]
    fn a_named_profile_is_the_only_one_that_is_looked_for() {
        assert_eq!(wanted(None).count(), profiles::ALL.len());
        let only: Vec<_> = wanted(named("k3s")).map(|one| one.spec.name).collect();
        assert_eq!(only, ["k3s"]);
        assert!(named("nothing").is_none());
    }
}
