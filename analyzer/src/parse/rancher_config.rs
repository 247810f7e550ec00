//! Configuration of k3s and RKE2: `config.yaml` and `config.yaml.d/`.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::parser::Parser;
use crate::source::Source;
use crate::tree::Node;
use crate::yaml;

/// Reads the configuration of k3s and RKE2.
pub const PARSER: Parser = Parser {
    name: "rancher_config",
    kind: "k3s or RKE2 configuration",
    facts: &[],
    accepts,
    parse,
};

/// A configuration file of k3s or RKE2. Files of `config.yaml.d` come after `config.yaml`; the last value wins.
#[derive(Debug, Clone, PartialEq)]
pub struct RancherConfig {
    /// Absolute path on the node.
    pub path: String,
    /// Its content.
    pub root: Node,
}

fn accepts(entry: &Entry) -> bool {
    matches!(&entry.source, Source::File(path) if is_config(path))
}

fn is_config(path: &str) -> bool {
    ["/etc/rancher/k3s/", "/etc/rancher/rke2/"]
        .iter()
        .filter_map(|folder| path.strip_prefix(folder))
        .any(|name| name == "config.yaml" || name.starts_with("config.yaml.d/"))
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    match yaml::parse(&entry.text()) {
        Ok(document) => {
            let config = RancherConfig {
                path: entry.path().unwrap_or_default().to_owned(),
                root: document.root,
            };
            evidence.push(config, entry.whole());
        }
        Err(error) => evidence.gap(
            entry.name.to_string(),
            error.to_string(),
            &["kubelet.node_name", "kubelet.flags"],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_and_its_folder_are_read_and_the_kubeconfig_beside_them_is_not() {
        assert!(is_config("/etc/rancher/k3s/config.yaml"));
        assert!(is_config("/etc/rancher/rke2/config.yaml.d/50-x.yaml"));
        assert!(!is_config("/etc/rancher/k3s/k3s.yaml"));
    }

    #[test]
    fn a_broken_one_is_a_gap() {
        let entry = Entry {
            name: "config.yaml".into(),
            source: Source::File("/etc/rancher/k3s/config.yaml".into()),
            bytes: b"node-name: a\nkubelet-arg: b: c\n".to_vec(),
        };
        let mut evidence = Evidence::default();
        parse(&entry, &mut evidence);
        assert_eq!(evidence.gaps[0].problem, "line 2 is not YAML");
        assert!(evidence.all::<RancherConfig>().is_empty());
    }
}
