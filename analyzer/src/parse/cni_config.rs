//! CNI configuration: `.conf`, `.conflist` and `.json` files of `/etc/cni/net.d`.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::parser::Parser;
use crate::source::Source;
use crate::tree::Node;
use crate::yaml;

/// Reads CNI configuration files.
pub const PARSER: Parser = Parser {
    name: "cni_config",
    kind: "CNI configuration",
    facts: &[],
    accepts,
    parse,
};

/// A CNI configuration file, readable or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CniConfig {
    /// Absolute path on the node; `None` where only the text was sent.
    pub path: Option<String>,
    /// What it configures; `None` when it is not JSON, or has neither plugins nor a type.
    pub network: Option<Network>,
}

/// The network of a CNI configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Network {
    /// Its name.
    pub name: Option<String>,
    /// Version of the CNI specification.
    pub cni_version: Option<String>,
    /// Plugins in order, those for addresses among them, each once: the programs that must exist.
    pub plugins: Vec<String>,
}

fn accepts(entry: &Entry) -> bool {
    match &entry.source {
        Source::File(path) => {
            let is_read = matches!(path.rsplit('.').next(), Some("conf" | "conflist" | "json"));
            is_read && path.contains("/cni/net.d/") && !path.contains(".d/whereabouts.d/")
        }
        Source::Named(_) => {
            let text = entry.text();
            text.trim_start().starts_with('{') && text.contains("\"cniVersion\"")
        }
        _ => false,
    }
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let network = match yaml::parse(&entry.text()) {
        Ok(document) => network(&document.root),
        Err(error) => {
            let problem = error.to_string().replace("YAML", "JSON");
            evidence.gap(entry.name.to_string(), problem, &["cni.missing_plugins"]);
            None
        }
    };
    let config = CniConfig {
        path: entry.path().map(str::to_owned),
        network,
    };
    evidence.push(config, entry.whole());
}

fn network(root: &Node) -> Option<Network> {
    let text = |key| root.get(key).and_then(Node::scalar);
    let mut network = Network {
        name: text("name"),
        cni_version: text("cniVersion"),
        plugins: Vec::new(),
    };
    let plugins = root.get("plugins").map_or(&[][..], Node::items);
    for plugin in std::iter::once(root).chain(plugins) {
        for program in [plugin.get("type"), plugin.at("ipam.type")] {
            let program = program.and_then(Node::text).unwrap_or_default();
            if !program.is_empty() && !network.plugins.iter().any(|known| known == program) {
                network.plugins.push(program.to_owned());
            }
        }
    }
    (!network.plugins.is_empty()).then_some(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (CniConfig, Evidence) {
        let entry = Entry {
            name: "10-x.conflist".into(),
            source: Source::File("/etc/cni/net.d/10-x.conflist".into()),
            bytes: text.as_bytes().to_vec(),
        };
        assert!(accepts(&entry));
        let mut evidence = Evidence::default();
        parse(&entry, &mut evidence);
        (evidence.all::<CniConfig>()[0].value.clone(), evidence)
    }

    #[test]
    fn the_programs_that_must_exist_are_named_once() {
        let (config, _) = read(
            "{\"cniVersion\":\"0.4.0\",\"name\":\"n\",\"plugins\":[{\"type\":\"bridge\",\"ipam\":{\"type\":\"host-local\"}},{\"type\":\"bridge\"},{\"type\":\"portmap\"}]}",
        );
        let network = config.network.unwrap();
        assert_eq!(network.plugins, ["bridge", "host-local", "portmap"]);
        assert_eq!(network.name.as_deref(), Some("n"));
    }

    #[test]
    fn a_single_plugin_is_a_network_too_and_a_torn_file_is_none() {
        assert_eq!(
            read("{\"type\":\"calico\",\"cniVersion\":\"0.3.1\"}")
                .0
                .network
                .unwrap()
                .plugins,
            ["calico"]
        );
        let (torn, evidence) = read("{\"cniVersion\": \"0.4.0\",\n \"plugins\": [\n");
        assert!(torn.network.is_none());
        assert!(
            evidence.gaps[0].problem.ends_with("not JSON"),
            "{:?}",
            evidence.gaps
        );
    }
}
