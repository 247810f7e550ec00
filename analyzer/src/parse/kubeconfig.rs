//! Kubeconfig files: the kubelet's, the bootstrap one, those of the control plane and of CNI plugins.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::parser::Parser;
use crate::source::Source;
use crate::yaml::{self, Document, YamlError};

/// Reads kubeconfig files.
pub const PARSER: Parser = Parser {
    name: "kubeconfig",
    kind: "kubeconfig",
    facts: &[],
    accepts,
    parse,
};

/// A kubeconfig file, readable or not. [`crate::kubeconfig::Access`] is what a client makes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Kubeconfig {
    /// Absolute path on the node; `None` where only the text was sent.
    pub path: Option<String>,
    /// Its content, or where it stops being YAML.
    pub content: Result<Document, YamlError>,
}

fn accepts(entry: &Entry) -> bool {
    let text = entry.text();
    match &entry.source {
        Source::File(path) => is_kubeconfig(&text) || (is_usual(path) && !is_other_kind(&text)),
        Source::Named(_) => is_kubeconfig(&text),
        _ => false,
    }
}

/// Whether the outermost keys are those of a kubeconfig.
fn is_kubeconfig(text: &str) -> bool {
    let has = |key: &str| {
        text.lines().any(|line| {
            let line = line.trim_start_matches(['\u{feff}', '{', ' ', '\t', '"']);
            line.strip_prefix(key)
                .is_some_and(|rest| rest.trim_start_matches('"').trim_start().starts_with(':'))
        })
    };
    let kind = text.lines().any(|line| {
        let bare: String = line
            .chars()
            .filter(|c| !matches!(c, '"' | ' ' | ',' | '\t'))
            .collect();
        bare.trim_start_matches('{') == "kind:Config" || bare.contains("{kind:Config")
    });
    kind && (has("clusters") || has("users") || has("contexts"))
        || (has("clusters") && has("users") && has("contexts"))
}

fn is_other_kind(text: &str) -> bool {
    text.contains("KubeletConfiguration") || text.contains("kubelet.config.k8s.io/")
}

/// The places where installers put it: a file there is meant to be one whatever it says.
fn is_usual(path: &str) -> bool {
    const FILES: &[&str] = &[
        "/etc/kubernetes/kubelet.conf",
        "/etc/kubernetes/bootstrap-kubelet.conf",
        "/etc/kubernetes/admin.conf",
        "/etc/kubernetes/controller-manager.conf",
        "/etc/kubernetes/scheduler.conf",
        "/etc/kubernetes/kubeconfig",
        "/etc/kubernetes/bootstrap-kubeconfig",
        "/etc/kubernetes/kubeconfig-kubelet",
        "/var/lib/kubelet/kubeconfig",
        "/var/lib/kubelet/bootstrap-kubeconfig",
        "/var/lib/k0s/kubelet.conf",
        "/var/snap/microk8s/current/credentials/kubelet.config",
    ];
    FILES.contains(&path) || path.rsplit('.').next() == Some("kubeconfig")
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let content = yaml::parse(&entry.text());
    if let Err(error) = content {
        evidence.gap(
            entry.name.to_string(),
            error.to_string(),
            &["kubelet.kubeconfig.server", "apiserver"],
        );
    }
    let kubeconfig = Kubeconfig {
        path: entry.path().map(str::to_owned),
        content,
    };
    evidence.push(kubeconfig, entry.whole());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(source: Source, text: &str) -> Entry {
        Entry {
            name: "kubelet.conf".into(),
            source,
            bytes: text.as_bytes().to_vec(),
        }
    }

    #[test]
    fn content_decides_and_a_kubelet_configuration_of_the_same_name_is_not_one() {
        let named = |text| accepts(&entry(Source::Named("x".into()), text));
        let file = |text| {
            let path = "/etc/kubernetes/kubelet.conf".to_owned();
            accepts(&entry(Source::File(path), text))
        };
        assert!(named(
            "apiVersion: v1\nclusters:\n- cluster: {}\nkind: Config\n"
        ));
        assert!(named("{\"kind\": \"Config\",\n \"clusters\": []}"));
        assert!(!named("kind: ConfigMap\nclusters: 1\n"));
        assert!(!named("kind: Config\nspec: 1\n"));
        assert!(file("%%% torn\n"));
        assert!(!file("kind: KubeletConfiguration\n"));
    }

    #[test]
    fn a_broken_one_is_a_gap_and_is_kept() {
        let mut evidence = Evidence::default();
        let path = "/etc/kubernetes/kubelet.conf".to_owned();
        let text = "clusters:\n- a: b: c\n";
        parse(&entry(Source::File(path), text), &mut evidence);
        assert_eq!(evidence.gaps[0].problem, "line 2 is not YAML");
        assert!(evidence.all::<Kubeconfig>()[0].value.content.is_err());
    }
}
