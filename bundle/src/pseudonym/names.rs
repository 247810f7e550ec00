//! Host names: label by label, so that names under one domain stay under one.

use super::find::{each, expression, stands_alone};
use super::{Pseudonyms, Swap};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

impl Pseudonyms {
    /// Dotted names that end in a learned domain, or in a domain of the internet that is not a known product's.
    pub(super) fn swap_names(&mut self, text: &[u8], swaps: &mut Vec<Swap>) {
        let dotted = DOTTED.iter().flat_map(|expression| {
            each(expression, text, |range| {
                stands_alone(text, &range).then_some(range)
            })
        });
        for range in dotted.collect::<Vec<_>>() {
            let name = text.get(range.clone()).unwrap_or_default();
            let name = String::from_utf8_lossy(name).into_owned();
            let marked = is_marked(text, &range);
            if let Some(with) = self.host_name(&name, marked) {
                let with = with.into_bytes();
                swaps.push(Swap { range, with });
            }
        }
    }

    /// The pseudonym of a dotted name; `None` when it is nobody's. `marked` means that the text says it is a host.
    fn host_name(&mut self, name: &str, marked: bool) -> Option<String> {
        let lower = name.to_ascii_lowercase();
        let may_be_host = is_internet(&lower, marked) || self.has_learned_domain(&lower);
        if !may_be_host || is_public(&lower) {
            return None;
        }
        let labels: Vec<&str> = name.split('.').collect();
        let kept = kept_labels(&lower);
        let count = labels.len();
        let mapped: Vec<String> = labels
            .iter()
            .enumerate()
            .map(|(at, label)| {
                if at + kept >= count || is_place(label) {
                    (*label).to_owned()
                } else {
                    self.label(label)
                }
            })
            .collect();
        Some(mapped.join("."))
    }

    /// Learns the first label of each host of a learned domain, unless it could be a word.
    pub(super) fn learn_neighbours(&mut self, text: &[u8]) {
        let dotted = DOTTED.iter().flat_map(|expression| {
            each(expression, text, |range| {
                stands_alone(text, &range).then_some(range)
            })
        });
        for range in dotted.collect::<Vec<_>>() {
            let name = text.get(range).unwrap_or_default();
            let lower = String::from_utf8_lossy(name).to_ascii_lowercase();
            let first = lower.split('.').next().unwrap_or_default();
            let mark = |letter: char| letter.is_ascii_digit() || letter == '-';
            if first.contains(mark) && self.has_learned_domain(&lower) && !is_public(&lower) {
                self.learn_host(first);
            }
        }
    }

    pub(super) fn has_learned_domain(&self, lower: &str) -> bool {
        let mut rest = lower;
        loop {
            if self.domains.contains(rest) {
                return true;
            }
            match rest.split_once('.') {
                Some((_, shorter)) => rest = shorter,
                None => return false,
            }
        }
    }
}

/// Host names that a text states as such: in node identities, in URLs and as kubelet flags.
pub(super) fn hosts_in(text: &[u8]) -> Vec<String> {
    let found = STATED.iter().flat_map(|expression| {
        expression.captures_iter(text).filter_map(|found| {
            Some(String::from_utf8_lossy(found.get(1)?.as_bytes()).into_owned())
        })
    });
    let mut hosts: Vec<String> = found.filter(|host| is_host_name(host)).collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

/// The domain above, if it is one's own: `acme.zz` of `prod.acme.zz`, nothing of `acme.co.uk`.
pub(super) fn parent(domain: &str) -> Option<String> {
    let (_, parent) = domain.split_once('.')?;
    let own = parent.contains('.') && !SECOND_LEVEL.contains(&format!(".{parent}").as_str());
    let own = own && !is_public(parent) && kept_labels(parent) < parent.split('.').count();
    own.then(|| parent.to_owned())
}

/// Letters, digits, dashes and dots as in a host name.
pub(super) fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.len() <= 253
        && name.split('.').all(is_label)
        && name.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Names that every cluster has, and names of products.
pub(super) fn is_public(lower: &str) -> bool {
    let ends = |end: &str| {
        lower
            .strip_suffix(end)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    lower == "rc.local"
        || lower.contains(".svc.")
        || CLUSTER.iter().any(|end| ends(end))
        || PRODUCTS.iter().any(|end| ends(end))
}

/// Whether the last label is that of a domain. Short ones that are words or file endings too need a mark.
pub(super) fn is_internet(lower: &str, marked: bool) -> bool {
    let last = lower.rsplit('.').next().unwrap_or_default();
    let labels = lower.split('.').count();
    TOP.contains(&last)
        || CLOUDS.iter().any(|cloud| lower.ends_with(cloud))
        || RISKY_TOP.contains(&last) && (marked || labels > 2)
}

/// Whether `//` or `@` stands before it.
fn is_marked(text: &[u8], range: &Range<usize>) -> bool {
    let before = text.get(..range.start).unwrap_or_default();
    before.ends_with(b"//") || before.ends_with(b"@")
}

/// How many last labels stay: the public suffix, or what a cloud's names end in.
fn kept_labels(lower: &str) -> usize {
    let count = |end: &str| end.split('.').filter(|label| !label.is_empty()).count();
    let cloud = CLOUDS.iter().filter(|cloud| lower.ends_with(**cloud));
    if let Some(kept) = cloud.map(|cloud| count(cloud)).max() {
        return kept;
    }
    let second = SECOND_LEVEL.iter().any(|end| lower.ends_with(end));
    if second { 2 } else { 1 }
}

/// A region or a service of a cloud: `eu-west-1`, `eks`.
fn is_place(label: &str) -> bool {
    let region = PLACE
        .iter()
        .any(|expression| expression.is_match(label.as_bytes()));
    region
        || matches!(
            label,
            "eks"
                | "ecr"
                | "dkr"
                | "elb"
                | "s3"
                | "sts"
                | "gr7"
                | "yl4"
                | "sk1"
                | "hcp"
                | "privatelink"
        )
}

static DOTTED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(
        r"(?-u)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?",
    )
});
static STATED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(
        r#"(?m-u)(?:system:node:|https?://|hostname-override[= ]"?|node-name[=:] ?"?|nodes? \\?"|node=\\?"|^[0-9-]{10}T[0-9:.]+Z |^[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} )([A-Za-z0-9][A-Za-z0-9_.-]*[A-Za-z0-9])"#,
    )
});
static PLACE: LazyLock<Option<Regex>> =
    LazyLock::new(|| expression(r"(?-u)^[a-z]{2}(?:-[a-z]+)+-?[0-9][a-z]?$"));

const CLUSTER: &[&str] = &[
    "svc",
    "cluster.local",
    "localdomain",
    "in-addr.arpa",
    "ip6.arpa",
];

const CLOUDS: &[&str] = &[
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".compute.internal",
    ".ec2.internal",
    ".azmk8s.io",
    ".cloudapp.net",
    ".cloudapp.azure.com",
    ".internal.cloudapp.net",
    ".azurecr.io",
    ".windows.net",
    ".azure.com",
    ".google.internal",
    ".internal",
    ".pkg.dev",
];

const TOP: &[&str] = &[
    "com", "net", "org", "io", "dev", "gov", "edu", "mil", "biz", "eu", "local", "internal", "lan",
    "corp", "home", "intra", "intranet", "private", "test", "example", "invalid", "localnet", "de",
    "fr", "uk", "nl", "us", "ca", "au", "jp", "cn", "ch", "es", "se", "fi", "dk", "be", "ie", "nz",
    "sg", "br", "mx", "kr", "tw", "cloud", "tech",
];

const RISKY_TOP: &[&str] = &[
    "at", "it", "no", "is", "in", "to", "so", "me", "pl", "ai", "co", "app", "info", "cz", "ru",
    "za", "pt", "gr", "hu", "ro", "tr", "il", "ae", "int", "host", "network", "systems", "group",
    "xyz", "online", "site", "bank", "arpa",
];

const SECOND_LEVEL: &[&str] = &[
    ".co.uk", ".org.uk", ".ac.uk", ".gov.uk", ".com.au", ".net.au", ".co.jp", ".co.nz", ".com.br",
    ".com.cn", ".co.kr", ".co.in", ".com.sg", ".com.mx", ".co.za", ".com.tr", ".com.tw",
];

/// Domains of software, whose names are API groups, image registries, drivers and documentation.
const PRODUCTS: &[&str] = &[
    "k8s.io",
    "kubernetes.io",
    "kubernetes-csi.io",
    "x-k8s.io",
    "etcd.io",
    "containerd.io",
    "docker.io",
    "docker.com",
    "quay.io",
    "gcr.io",
    "ghcr.io",
    "github.com",
    "githubusercontent.com",
    "github.io",
    "gitlab.com",
    "golang.org",
    "go.dev",
    "google.com",
    "googleapis.com",
    "goog",
    "google.golang.org",
    "gopkg.in",
    "sigs.k8s.io",
    "cri-o.io",
    "opencontainers.org",
    "projectcalico.org",
    "tigera.io",
    "cilium.io",
    "istio.io",
    "linkerd.io",
    "coreos.com",
    "flannel.io",
    "weave.works",
    "antrea.io",
    "multus-cni.io",
    "helm.sh",
    "cncf.io",
    "argoproj.io",
    "cert-manager.io",
    "rancher.io",
    "rancher.com",
    "cattle.io",
    "k3s.io",
    "rke2.io",
    "k0sproject.io",
    "mirantis.com",
    "microk8s.io",
    "openshift.io",
    "openshift.com",
    "redhat.com",
    "redhat.io",
    "fedoraproject.org",
    "centos.org",
    "debian.org",
    "ubuntu.com",
    "canonical.com",
    "snapcraft.io",
    "suse.com",
    "opensuse.org",
    "rockylinux.org",
    "almalinux.org",
    "oracle.com",
    "amazonlinux.com",
    "aws.com",
    "amazon.com",
    "aws.dev",
    "public.ecr.aws",
    "microsoft.com",
    "kubernetes.azure.com",
    "disk.csi.azure.com",
    "file.csi.azure.com",
    "azure.workload.identity",
    "vmware.com",
    "netapp.io",
    "nvidia.com",
    "intel.com",
    "amd.com",
    "dell.com",
    "hpe.com",
    "ceph.com",
    "rook.io",
    "longhorn.io",
    "openebs.io",
    "portworx.com",
    "linbit.com",
    "grafana.com",
    "prometheus.io",
    "fluentd.org",
    "elastic.co",
    "datadoghq.com",
    "freedesktop.org",
    "systemd.io",
    "kernel.org",
    "gnu.org",
    "ietf.org",
    "w3.org",
    "iana.org",
    "mozilla.org",
    "letsencrypt.org",
    "apache.org",
    "python.org",
    "openssl.org",
    "openssh.com",
    "libssh.org",
    "netfilter.org",
    "openid.net",
    "spdx.org",
    "schema.org",
    "json-schema.org",
    "pool.ntp.org",
    "ntp.org",
    "cloudflare.com",
    "age-encryption.org",
    "falco.org",
    "aquasec.com",
    "hashicorp.com",
    "metallb.io",
    "metal3.io",
    "kubevirt.io",
    "knative.dev",
    "tekton.dev",
    "fluxcd.io",
    "crossplane.io",
    "karpenter.sh",
    "kyverno.io",
    "gatekeeper.sh",
    "velero.io",
    "talos.dev",
    "siderolabs.com",
    "digitalocean.com",
    "hetzner.cloud",
    "scaleway.com",
    "linode.com",
    "openstack.org",
    "kubernetes-sigs.io",
    "node.k8s.io",
    "alpinelinux.org",
    "archlinux.org",
];
