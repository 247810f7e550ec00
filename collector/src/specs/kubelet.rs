//! The kubelet: its configuration, the folders and state it lives on, its static pods.

use crate::node::{Node, unique};
use crate::spec::{Item, KIB, Sensitivity, Source, Spec, Tier, anything};

pub(crate) const SPEC: Spec = Spec {
    name: "kubelet",
    about: "the kubelet's configuration and state",
    items: &[
        Item {
            name: "config",
            catalog: "K1",
            kind: "kubelet-config",
            source: Source::Named {
                what: "files that --config and --config-dir name, and those of the usual places",
                paths: config_files,
                accepts: anything,
            },
            cap: 128 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Mixed,
            reason: "cgroup driver, failSwapOn, resolvConf, CA, rotation, static pods, feature gates",
        },
        Item {
            name: "config-drop-ins",
            catalog: "K1",
            kind: "kubelet-config",
            source: Source::Folder {
                path: "/etc/kubernetes/kubelet",
                names: &["*.conf", "*.json", "config", "env"],
                depth: 1,
            },
            cap: 128 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Mixed,
            reason: "cloud images keep the configuration and its drop-ins here",
        },
        Item {
            name: "state",
            catalog: "K7 K8",
            kind: "kubelet-state",
            source: Source::Named {
                what: "manager checkpoints in the kubelet's root folder",
                paths: state_files,
                accepts: anything,
            },
            cap: 64 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Public,
            reason: "a configured policy that differs from its checkpoint stops the start",
        },
        Item {
            name: "folders",
            catalog: "K6 K10 K11",
            kind: "listing",
            source: Source::NamedListing {
                what: "the kubelet's root, PKI, static pod and plugin folders",
                paths: folders,
            },
            cap: 256 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Public,
            reason: "proves that a file is missing; owner, mode, stale sockets",
        },
        Item {
            name: "static-pods",
            catalog: "K10 E1",
            kind: "static-pod",
            source: Source::Folder {
                path: "/etc/kubernetes/manifests",
                names: &["*"],
                depth: 0,
            },
            cap: 128 * KIB,
            tier: Tier::T0,
            sensitivity: Sensitivity::Mixed,
            reason: "the kubelet loads every file here: broken manifests, backups",
        },
        Item {
            name: "static-pods-elsewhere",
            catalog: "K10 E1",
            kind: "static-pod",
            source: Source::Named {
                what: "manifests in the folder that staticPodPath names",
                paths: |node| node.static_pods.clone(),
                accepts: anything,
            },
            cap: 128 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "the kubelet loads every file here: broken manifests, backups",
        },
        Item {
            name: "credential-provider",
            catalog: "K11",
            kind: "config",
            source: Source::Named {
                what: "the image credential provider configuration",
                paths: |node| {
                    node.paths(
                        "image-credential-provider-config",
                        "imageCredentialProviderConfigFile",
                    )
                },
                accepts: |bytes| contains(bytes, b"CredentialProviderConfig"),
            },
            cap: 32 * KIB,
            tier: Tier::T1,
            sensitivity: Sensitivity::Mixed,
            reason: "pull of the pause image fails",
        },
    ],
};

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

fn config_files(node: &Node) -> Vec<String> {
    let named = node
        .kubelets
        .iter()
        .flat_map(|kubelet| kubelet.config_files.iter().cloned());
    let usual = CONFIG_FILES.iter().map(|path| (*path).to_owned());
    let declared = node.declared(|profile| profile.configs);
    unique(named.chain(usual).chain(declared))
}

fn state_files(node: &Node) -> Vec<String> {
    let files = node
        .kubelet_roots()
        .into_iter()
        .flat_map(|root| STATE_FILES.iter().map(move |name| format!("{root}/{name}")));
    unique(files)
}

fn folders(node: &Node) -> Vec<String> {
    let roots = node.kubelet_roots();
    let inside = roots.iter().flat_map(|root| {
        [
            "pki",
            "plugins",
            "plugins_registry",
            "device-plugins",
            "pod-resources",
            "seccomp",
            "checkpoints",
        ]
        .iter()
        .map(move |name| format!("{root}/{name}"))
    });
    let named = node
        .paths("pod-manifest-path", "staticPodPath")
        .into_iter()
        .chain(node.flag("cert-dir"))
        .chain(node.flag("config-dir"))
        .chain(node.flag("image-credential-provider-bin-dir"))
        .filter(|path| path.starts_with('/'));
    let usual = FOLDERS.iter().map(|path| (*path).to_owned());
    unique(usual.chain(roots.clone()).chain(inside).chain(named))
}

const FOLDERS: &[&str] = &[
    "/etc/kubernetes",
    "/etc/kubernetes/manifests",
    "/etc/kubernetes/pki",
];

const STATE_FILES: &[&str] = &[
    "cpu_manager_state",
    "memory_manager_state",
    "dra_manager_state",
    "instance-config.yaml",
];

const CONFIG_FILES: &[&str] = &["/var/lib/kubelet/config.yaml"];
