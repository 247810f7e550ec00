//! Kubelet configuration: the file of `--config`, drop-ins of `--config-dir`, in YAML or JSON.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::parser::Parser;
use crate::source::Source;
use crate::tree::Node;
use crate::yaml::{self, Document, YamlError};

/// Reads kubelet configuration files.
pub const PARSER: Parser = Parser {
    name: "kubelet_config",
    kind: "kubelet configuration",
    facts: &[],
    accepts,
    parse,
};

/// A kubelet configuration file, readable or not.
#[derive(Debug, Clone, PartialEq)]
pub struct KubeletConfig {
    /// Absolute path on the node; `None` where only the text was sent.
    pub path: Option<String>,
    /// Its content, or where it stops being YAML.
    pub content: Result<Document, YamlError>,
}

impl KubeletConfig {
    /// Whether API version and kind are those that the kubelet accepts. `None` when the file cannot be read.
    pub fn kind_ok(&self) -> Option<bool> {
        let root = &self.content.as_ref().ok()?.root;
        let text = |key| root.get(key).and_then(Node::text);
        Some(
            text("kind") == Some("KubeletConfiguration")
                && text("apiVersion") == Some("kubelet.config.k8s.io/v1beta1"),
        )
    }
}

fn accepts(entry: &Entry) -> bool {
    match &entry.source {
        Source::File(path) => states_kind(entry) || is_usual(path),
        Source::Named(_) => states_kind(entry),
        _ => false,
    }
}

/// Whether the text says that it is one, at the left margin or in a JSON key; a `ConfigMap` that embeds one does not.
fn states_kind(entry: &Entry) -> bool {
    entry.text().lines().any(|line| {
        let line = line
            .trim_start_matches('\u{feff}')
            .trim_end()
            .trim_end_matches(',');
        let bare: String = line.chars().filter(|&c| c != '"' && c != ' ').collect();
        let at_margin = !line.starts_with([' ', '\t']) || line.trim_start().starts_with(['"', '{']);
        let states = bare.ends_with("kind:KubeletConfiguration")
            || bare.ends_with("apiVersion:kubelet.config.k8s.io/v1beta1")
            || bare.starts_with('{') && bare.contains("kind:KubeletConfiguration");
        at_margin && states
    })
}

/// The places where installers put it: a file there is meant to be one whatever it says.
fn is_usual(path: &str) -> bool {
    const FILES: &[&str] = &[
        "/var/lib/kubelet/config.yaml",
        "/etc/kubernetes/kubelet/config.json",
        "/etc/kubernetes/kubelet/kubelet-config.json",
        "/etc/kubernetes/kubelet-config.yaml",
        "/var/lib/kubelet/kubelet-config.yaml",
        "/home/kubernetes/kubelet-config.yaml",
        "/etc/default/kubeletconfig.json",
        "/run/k0s/kubelet/config.yaml",
        "/var/lib/k0s/kubelet-config.yaml",
    ];
    FILES.contains(&path)
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let content = yaml::parse(&entry.text());
    if let Err(error) = content {
        evidence.gap(
            entry.name.to_string(),
            error.to_string(),
            &["kubelet.effective", "kubelet.config.unknown_fields"],
        );
    }
    let config = KubeletConfig {
        path: entry.path().map(str::to_owned),
        content,
    };
    evidence.push(config, entry.whole());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(source: Source, text: &str) -> Entry {
        Entry {
            name: "entry".into(),
            source,
            bytes: text.as_bytes().to_vec(),
        }
    }

    fn read(text: &str) -> (KubeletConfig, Evidence) {
        let mut evidence = Evidence::default();
        let path = "/var/lib/kubelet/config.yaml".to_owned();
        parse(&entry(Source::File(path), text), &mut evidence);
        (evidence.all::<KubeletConfig>()[0].value.clone(), evidence)
    }

    #[test]
    fn content_decides_in_yaml_and_json() {
        let named = |text| accepts(&entry(Source::Named("x".into()), text));
        assert!(named(
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
        ));
        assert!(named(
            "{\n  \"kind\": \"KubeletConfiguration\",\n  \"a\": 1\n}\n"
        ));
        assert!(named("{\"kind\":\"KubeletConfiguration\"}"));
        assert!(!named(
            "kind: ConfigMap\ndata:\n  kubelet: |\n    kind: KubeletConfiguration\n"
        ));
        assert!(!named("apiVersion: v1\nkind: Config\n"));
    }

    #[test]
    fn a_broken_file_is_a_gap_with_its_line() {
        let (config, evidence) = read("kind: KubeletConfiguration\na: b: c\n");
        assert!(config.content.is_err());
        assert_eq!(evidence.gaps[0].problem, "line 2 is not YAML");
    }

    #[test]
    fn another_kind_in_the_usual_place_is_told() {
        assert_eq!(
            read("apiVersion: v1\nkind: Config\n").0.kind_ok(),
            Some(false)
        );
        assert_eq!(
            read("apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n")
                .0
                .kind_ok(),
            Some(true)
        );
    }
}
