//! CNI: the configurations in the runtime's folder, and the plugins that they need.

use crate::derived::{Context, Derived};
use crate::evidence::{Evidence, Sourced};
use crate::fact::{Fact, FactDecl, Type, Value};
use crate::observed::{CniFolder, Listing};
use crate::origin::Origin;
use crate::parse::cni_config::CniConfig;
use crate::presence;
use crate::presence::Presence;

pub(super) const DERIVED: Derived = Derived {
    name: "cni",
    after: &["runtime_config", "host_distribution"],
    facts: FACTS,
    derive,
};

const FACTS: &[FactDecl] = &[
    FactDecl::new(
        "cni.configs",
        Type::Records,
        "CNI configuration files that were sent, sorted by path; the runtime takes the first",
    )
    .needs(
        "/etc/cni/net.d",
        "ls -la /etc/cni/net.d; cat /etc/cni/net.d/*",
    ),
    FactDecl::new("cni.configs[].path", Type::Text, "path on the node")
        .null_is("only the text was sent"),
    FactDecl::new(
        "cni.configs[].parses",
        Type::Bool,
        "it is JSON with a plugin",
    ),
    FactDecl::new("cni.configs[].name", Type::Text, "name of the network"),
    FactDecl::new(
        "cni.configs[].cni_version",
        Type::Text,
        "version of the CNI specification",
    )
    .null_is("it states none, which the runtime refuses"),
    FactDecl::new(
        "cni.configs[].plugins",
        Type::Texts,
        "programs that it needs",
    ),
    FactDecl::new(
        "cni.first_parses",
        Type::Bool,
        "the first file by name in the runtime's CNI folder, which it takes, is JSON with a plugin",
    )
    .needs(
        "/etc/cni/net.d",
        "ls -la /etc/cni/net.d; cat /etc/cni/net.d/*",
    ),
    FactDecl::new(
        "cni.config_present",
        Type::Bool,
        "the runtime's CNI folder holds a configuration",
    )
    .needs("/etc/cni/net.d", "ls -la /etc/cni/net.d"),
    FactDecl::new(
        "cni.binaries",
        Type::Texts,
        "names in the folder of CNI plugins",
    )
    .needs("/opt/cni/bin", "ls -la /opt/cni/bin"),
    FactDecl::new(
        "cni.missing_plugins",
        Type::Texts,
        "plugins that the configuration in use needs and the folder of plugins lacks",
    )
    .needs(
        "/etc/cni/net.d and /opt/cni/bin",
        "cat /etc/cni/net.d/*; ls -la /opt/cni/bin",
    ),
];

fn derive(evidence: &mut Evidence, _: &Context<'_>) {
    let mut configs: Vec<&Sourced<CniConfig>> = evidence.all::<CniConfig>().iter().collect();
    configs.sort_by(|a, b| a.value.path.cmp(&b.value.path));
    let mut found = Vec::new();
    let folder = conf_dir(evidence);
    if !configs.is_empty() {
        let items = configs.iter().map(|config| record(config)).collect();
        found.push(("configs", Fact::list(items)));
    }
    if let Some(present) = config_present(evidence, &configs, &folder) {
        found.push(("config_present", present));
    }
    let first = configs.iter().find(|config| {
        let path = config.value.path.as_deref();
        path.is_some_and(|path| path.starts_with(&folder))
    });
    if let Some(first) = first {
        let parses = Value::Bool(first.value.network.is_some());
        found.push(("first_parses", Fact::new(parses, first.origin.clone())));
    }
    let bin = evidence
        .facts
        .text("runtime.cni_bin_dir")
        .unwrap_or("/opt/cni/bin")
        .to_owned();
    if let Some(names) = binaries(evidence, &bin) {
        found.push(("binaries", names));
    }
    let in_use = configs.iter().find(|config| {
        let here = config
            .value
            .path
            .as_deref()
            .is_none_or(|path| path.starts_with(&folder));
        here && config.value.network.is_some()
    });
    if let Some(missing) = in_use.and_then(|config| missing_plugins(evidence, config, &bin)) {
        found.push(("missing_plugins", missing));
    }
    for (field, fact) in found {
        evidence.facts.set(&format!("cni.{field}"), fact);
    }
}

/// The runtime's folder of CNI configuration, with a slash at its end.
fn conf_dir(evidence: &Evidence) -> String {
    let facts = &evidence.facts;
    let usual = match facts.text("host.distribution") {
        Some("k3s") => "/var/lib/rancher/k3s/agent/etc/cni/net.d",
        Some("microk8s") => "/var/snap/microk8s/current/args/cni-network",
        _ => "/etc/cni/net.d",
    };
    let dir = facts.text("runtime.cni_conf_dir").unwrap_or(usual);
    format!("{}/", dir.trim_end_matches('/'))
}

fn record(config: &Sourced<CniConfig>) -> Fact {
    let network = config.value.network.as_ref();
    let plugins =
        network.map(|network| Fact::texts(network.plugins.iter().cloned(), &config.origin).value);
    let path = config
        .value
        .path
        .as_deref()
        .map_or(Value::Null, Value::from);
    let fields = [
        ("path", Some(path)),
        ("parses", Some(Value::Bool(network.is_some()))),
        (
            "name",
            network.and_then(|it| it.name.as_deref()).map(Value::from),
        ),
        (
            "cni_version",
            network.map(|it| text_or_null(it.cni_version.as_deref())),
        ),
        ("plugins", plugins),
    ];
    Fact::record(fields, &config.origin)
}

fn text_or_null(text: Option<&str>) -> Value {
    text.map_or(Value::Null, Value::from)
}

fn config_present(
    evidence: &Evidence,
    configs: &[&Sourced<CniConfig>],
    folder: &str,
) -> Option<Fact> {
    let sent = configs.iter().find(|config| {
        config
            .value
            .path
            .as_deref()
            .is_some_and(|path| path.starts_with(folder))
    });
    if let Some(config) = sent {
        return Some(Fact::new(Value::Bool(true), config.origin.clone()));
    }
    let path = folder.trim_end_matches('/');
    if let Some(listing) = listing(evidence, path) {
        let shown = listing
            .value
            .entries
            .iter()
            .find(|entry| is_config(&entry.name));
        let origin = Origin {
            line: shown.and_then(|entry| entry.line),
            ..listing.origin.clone()
        };
        return (shown.is_some() || listing.value.complete)
            .then(|| Fact::new(Value::Bool(shown.is_some()), origin));
    }
    let mut read = evidence.all::<CniFolder>().iter();
    if let Some(read) = read.find(|read| read.value.path == path) {
        let has_config = Value::Bool(read.value.has_config);
        return Some(Fact::new(has_config, read.origin.clone()));
    }
    match presence::presence(evidence, path) {
        Presence::Absent(origin) => Some(Fact::new(Value::Bool(false), origin)),
        _ => None,
    }
}

fn is_config(name: &str) -> bool {
    matches!(
        name.rsplit_once('.'),
        Some((_, "conf" | "conflist" | "json"))
    )
}

fn listing<'a>(evidence: &'a Evidence, path: &str) -> Option<&'a Sourced<Listing>> {
    evidence
        .all::<Listing>()
        .iter()
        .find(|listing| listing.value.path == path)
}

fn binaries(evidence: &Evidence, folder: &str) -> Option<Fact> {
    let folder = folder.trim_end_matches('/');
    if let Some(listing) = listing(evidence, folder) {
        let mut names: Vec<&str> = listing
            .value
            .entries
            .iter()
            .map(|entry| entry.name.as_str())
            .collect();
        names.sort_unstable();
        return Some(Fact::texts(names, &listing.origin));
    }
    match presence::presence(evidence, folder) {
        Presence::Absent(origin) => Some(Fact::new(Value::List(Vec::new()), origin)),
        _ => None,
    }
}

fn missing_plugins(evidence: &Evidence, config: &Sourced<CniConfig>, folder: &str) -> Option<Fact> {
    let network = config.value.network.as_ref()?;
    let mut missing = Vec::new();
    for plugin in &network.plugins {
        let path = format!("{}/{plugin}", folder.trim_end_matches('/'));
        match presence::presence(evidence, &path) {
            Presence::Present(_) => {}
            Presence::Absent(proof) => missing.push(Fact {
                value: Value::from(plugin.as_str()),
                origins: vec![config.origin.clone(), proof],
            }),
            Presence::Unknown => return None,
        }
    }
    Some(Fact::list_at(missing, &config.origin))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::{FileKind, Listed};
    use crate::parse::cni_config::Network;

    fn listing(path: &str, names: &[&str]) -> Listing {
        let entry = |name: &&str| Listed {
            name: (*name).to_owned(),
            kind: FileKind::File,
            mode: None,
            size: None,
            link: None,
            line: None,
        };
        Listing {
            path: path.into(),
            complete: true,
            entries: names.iter().map(entry).collect(),
        }
    }

    #[test]
    fn the_first_file_by_name_counts_even_when_it_is_no_json() {
        let mut evidence = Evidence::default();
        for (name, network) in [
            ("10-a.conflist", None),
            ("20-b.conflist", Some(Network::default())),
        ] {
            let path = Some(format!("/etc/cni/net.d/{name}"));
            evidence.push(CniConfig { path, network }, Origin::entry(name));
        }
        crate::testing::derive(&mut evidence, &[&DERIVED]);
        assert_eq!(evidence.facts.bool("cni.first_parses"), Some(false));
    }

    fn derived(configs: &[&str], net_d: &[&str], bin: &[&str]) -> Evidence {
        let mut evidence = Evidence::default();
        for name in configs {
            let config = CniConfig {
                path: Some(format!("/etc/cni/net.d/{name}")),
                network: Some(Network {
                    name: Some((*name).to_owned()),
                    cni_version: None,
                    plugins: vec!["bridge".into(), "portmap".into()],
                }),
            };
            evidence.push(config, Origin::entry(*name));
        }
        evidence.push(
            listing("/etc/cni/net.d", net_d),
            Origin::entry("net.d.json"),
        );
        evidence.push(listing("/opt/cni/bin", bin), Origin::entry("bin.json"));
        crate::testing::derive(&mut evidence, &[&DERIVED]);
        evidence
    }

    #[test]
    fn an_empty_folder_holds_no_configuration() {
        let facts = derived(&[], &["README"], &[]).facts;
        assert_eq!(facts.bool("cni.config_present"), Some(false));
        assert!(facts.get("cni.binaries").unwrap().items().is_empty());
        assert!(facts.get("cni.missing_plugins").is_none());
    }

    #[test]
    fn plugins_that_the_folder_lacks_are_missing() {
        let facts = derived(&["10-a.conflist"], &["10-a.conflist"], &["bridge"]).facts;
        assert_eq!(facts.bool("cni.config_present"), Some(true));
        let missing = facts.get("cni.missing_plugins").unwrap();
        assert_eq!(missing.items()[0].as_text(), Some("portmap"));
        assert_eq!(missing.items()[0].origins.len(), 2);
    }
}
