//! Pods and namespaces of the customer. Those that belong to Kubernetes, its distributions and add-ons stay: they decide.

use super::cloud::is_distinct;
use super::find::expression;
use super::{Literal, Pseudonyms, Swap};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

impl Pseudonyms {
    /// Learns pods and namespaces that cannot be mistaken for a word, to find them in free texts too.
    pub(super) fn learn_workloads(&mut self, text: &[u8]) {
        for pod in pods_in(text) {
            for (range, kind) in [
                (pod.namespace, Literal::Namespace),
                (pod.name, Literal::Pod),
            ] {
                let word = String::from_utf8_lossy(text.get(range).unwrap_or_default());
                if is_distinct(&word) {
                    self.literal(&word.to_ascii_lowercase(), kind);
                }
            }
        }
    }

    /// Pods and namespaces where a text names them as such.
    pub(super) fn swap_workloads(&mut self, text: &[u8], swaps: &mut Vec<Swap>) {
        for pod in pods_in(text) {
            self.swap_place(text, pod.namespace, "ns", swaps);
            self.swap_place(text, pod.name, "pod", swaps);
        }
    }
}

struct Pod {
    namespace: Range<usize>,
    name: Range<usize>,
}

/// Pods of namespaces that only the customer has.
fn pods_in(text: &[u8]) -> Vec<Pod> {
    let found = NAMED.iter().flat_map(|expression| {
        expression.captures_iter(text).filter_map(|found| {
            let group = |name: &str| found.name(name).map(|group| group.range());
            Some(Pod {
                namespace: group("ns")
                    .or_else(|| group("ns2"))
                    .or_else(|| group("ns3"))?,
                name: group("pod")
                    .or_else(|| group("pod2"))
                    .or_else(|| group("pod3"))?,
            })
        })
    });
    let customers = |pod: &Pod| {
        let namespace = text.get(pod.namespace.clone()).unwrap_or_default();
        !KNOWN
            .iter()
            .any(|known| namespace.starts_with(known.as_bytes()))
    };
    found.filter(customers).collect()
}

/// `pod="ns/name"` of klog; folders and links of logs; `name_ns(uid)` of older kubelets.
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(concat!(
        r#"(?-u)pods?=\[?\\?"(?P<ns>[a-z0-9][a-z0-9-]*)/(?P<pod>[a-z0-9][a-z0-9.-]*)\\?""#,
        r"|/pods/(?P<ns2>[a-z0-9][a-z0-9-]*)_(?P<pod2>[a-z0-9][a-z0-9.-]*)_[0-9a-f]{8}",
        r"|(?P<pod3>[a-z0-9][a-z0-9.-]*)_(?P<ns3>[a-z0-9][a-z0-9-]*)(?:\([0-9a-f]{8}-|_[a-z0-9-]+-[0-9a-f]{64}\.log)",
    ))
});

/// Beginnings of namespaces that many clusters have.
const KNOWN: &[&str] = &[
    "amazon-",
    "argocd",
    "aws-",
    "calico-",
    "cattle-",
    "cert-manager",
    "cilium",
    "default",
    "fleet-",
    "flux-system",
    "gatekeeper",
    "gke-",
    "gmp-",
    "gpu-operator",
    "ingress",
    "istio-",
    "knative-",
    "kube-",
    "kyverno",
    "linkerd",
    "local-path-storage",
    "longhorn",
    "metallb",
    "monitoring",
    "nvidia-",
    "openshift",
    "rook-",
    "tigera-",
    "velero",
    "vmware-",
];

#[cfg(test)]
mod tests {
    use super::super::tests::case;

    #[test]
    fn pods_of_the_customer_are_hidden_and_those_of_the_cluster_stay() {
        let mut case = case();
        let text = "pod=\"billing/invoices-7d9f-x2x\" /var/log/pods/billing_invoices-7d9f-x2x_0a1b2c3d/a/0.log invoices-7d9f-x2x failed pod=\"kube-system/kube-proxy-x2x\"";
        let shown = case.text(text);
        assert!(
            !shown.contains("billing") && !shown.contains("invoices"),
            "{shown}"
        );
        assert!(
            shown.ends_with("pod=\"kube-system/kube-proxy-x2x\""),
            "{shown}"
        );
        let pods = regex::Regex::new("pod-[a-z2-7]{8}").unwrap();
        let pods: Vec<&str> = pods.find_iter(&shown).map(|pod| pod.as_str()).collect();
        assert_eq!(pods.len(), 3, "{shown}");
        assert!(pods.iter().all(|pod| *pod == pods[0]), "{shown}");
    }

    #[test]
    fn a_namespace_that_is_a_word_is_hidden_only_where_it_is_one() {
        let shown = case().text("pod=\"web/shop-1a2b\" the web is up");
        assert!(shown.ends_with("\" the web is up"), "{shown}");
        assert!(!shown.contains("web/"), "{shown}");
    }
}
