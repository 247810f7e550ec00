//! Settings of Bottlerocket as `apiclient get` prints them: the kubelet's files and flags are made of them.

use super::{pem_file, static_pod};
use crate::bottlerocket::{self, BOOTSTRAP, CA, CONFIG, FLAGS, KUBECONFIG, SERVER_CERTIFICATE};
use crate::claim::{Witness, claim};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::parse::arguments_file::ArgumentsFile;
use crate::parse::environment_file::EnvironmentFile;
use crate::parse::kubeconfig::Kubeconfig;
use crate::parse::kubelet_config::KubeletConfig;
use crate::parser::Parser;
use crate::pem;
use crate::source::Source;
use crate::systemd::Assignment;
use crate::tree::Node;
use crate::yaml::{self, Document};
use std::sync::Arc;

pub(super) const PARSER: Parser = Parser {
    name: "bottlerocket_settings",
    kind: "settings of Bottlerocket",
    facts: &[],
    accepts: |entry| {
        let told = matches!(entry.source, Source::Named(_) | Source::Command(_));
        told && entry.head().trim_start().starts_with('{') && {
            let text = entry.text();
            text.contains("\"kubernetes\"")
                && (text.contains("\"cluster-dns-ip\"")
                    || text.contains("\"cluster-certificate\"")
                    || text.contains("\"api-server\""))
        }
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let document = match yaml::parse_json(&entry.text()) {
        Ok(document) => document.root,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["apiserver"]),
    };
    let settings = document.get("settings").unwrap_or(&document);
    if let Some(name) = settings.under(&["network", "hostname"])
        && let Some(text) = name.text()
    {
        let origin = entry.at(name.line);
        claim(evidence, "host.name", Witness::Configured, text, origin);
    }
    if let Some(variables) = bottlerocket::proxy(settings) {
        let assignments = variables.into_iter().map(|(name, value, line)| Assignment {
            name: name.to_owned(),
            value,
            line,
        });
        let file = EnvironmentFile {
            path: Some(bottlerocket::PROXY.to_owned()),
            assignments: assignments.collect(),
        };
        evidence.push(file, entry.whole());
    }
    if let Some(kubernetes) = settings.get("kubernetes") {
        of_kubelet(kubernetes, entry, evidence);
        files(kubernetes, entry, evidence);
    }
}

fn of_kubelet(settings: &Node, entry: &Entry, evidence: &mut Evidence) {
    let document = |root| Document {
        root,
        duplicates: Vec::new(),
    };
    let kubeconfigs = [
        (KUBECONFIG, bottlerocket::kubeconfig(settings)),
        (BOOTSTRAP, bottlerocket::bootstrap_kubeconfig(settings)),
    ];
    for (path, root) in kubeconfigs {
        let Some(root) = root else { continue };
        let file = Kubeconfig {
            path: Some(path.to_owned()),
            content: Ok(document(root)),
        };
        evidence.push(file, entry.whole());
    }
    let config = KubeletConfig {
        path: Some(CONFIG.to_owned()),
        content: Ok(document(bottlerocket::config(settings))),
    };
    evidence.push(config, entry.whole());
    let flags = ArgumentsFile {
        path: FLAGS.to_owned(),
        program: "kubelet".to_owned(),
        arguments: bottlerocket::flags(settings),
        complete: false,
    };
    evidence.push(flags, entry.whole());
}

/// Files whose content is a setting, in base64.
fn files(settings: &Node, entry: &Entry, evidence: &mut Evidence) {
    for (key, path) in [
        ("cluster-certificate", CA),
        ("server-certificate", SERVER_CERTIFICATE),
    ] {
        if let Some(file) = settings
            .get(key)
            .and_then(|value| written(path, value, entry))
        {
            (pem_file::PARSER.parse)(&file, evidence);
        }
    }
    let pods = settings.get("static-pods").map(Node::pairs);
    for pod in pods.unwrap_or_default() {
        let enabled = pod.value.get("enabled").and_then(Node::bool) == Some(true);
        let manifest = pod.value.get("manifest").filter(|_| enabled);
        let path = format!("{}{}", bottlerocket::STATIC_PODS, pod.key);
        if let Some(file) = manifest.and_then(|value| written(&path, value, entry)) {
            (static_pod::PARSER.parse)(&file, evidence);
        }
    }
}

/// The file that a setting is written to, its lines below that of the setting.
fn written(path: &str, value: &Node, entry: &Entry) -> Option<Entry> {
    let content = pem::base64(value.text()?)?;
    let before = usize::try_from(value.line.saturating_sub(1)).ok()?;
    let mut bytes = vec![b'\n'; before];
    bytes.extend(content);
    Some(Entry {
        name: Arc::clone(&entry.name),
        source: Source::File(path.to_owned()),
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{claimed_text, named};

    fn read(mode: &str) -> Evidence {
        let text = format!(
            "{{\n  \"settings\": {{\n    \"kubernetes\": {{\n      \"api-server\": \"https://a.example.com\",\n      \"authentication-mode\": \"{mode}\",\n      \"cluster-dns-ip\": \"10.100.0.10\"\n    }},\n    \"network\": {{\n      \"hostname\": \"ip-10-0-0-5\"\n    }}\n  }}\n}}\n"
        );
        named(&PARSER, &text)
    }

    #[test]
    fn the_kubeconfig_of_the_template_is_told_with_its_lines() {
        let evidence = read("aws");
        assert_eq!(claimed_text(&evidence, "host.name"), "ip-10-0-0-5");
        let file = &evidence.all::<Kubeconfig>()[0].value;
        let root = &file.content.as_ref().unwrap().root;
        let cluster = root.get("clusters").unwrap().items()[0].get("cluster");
        let server = cluster.unwrap().pair("server").unwrap();
        assert_eq!(server.line, 4);
        assert_eq!(server.value.text(), Some("https://a.example.com"));
        let users = root.get("users").unwrap().items();
        assert!(users[0].at("user.exec.command").is_some());
    }

    #[test]
    fn the_proxy_of_the_settings_is_the_environment_of_the_kubelet() {
        let text = "{\"settings\": {\"kubernetes\": {\n\"api-server\": \"https://a.example.com:443\",\n\"cluster-domain\": \"cluster.local\"},\n\"network\": {\n\"https-proxy\": \"http://proxy:3128\",\n\"no-proxy\": [\"10.0.0.0/8\"]\n}}}\n";
        let evidence = named(&PARSER, text);
        let file = &evidence.all::<EnvironmentFile>()[0].value;
        let value = |name: &str| {
            let own = file.assignment(name).unwrap();
            (own.value.clone(), own.line)
        };
        assert_eq!(value("HTTPS_PROXY"), ("http://proxy:3128".into(), 5));
        let excepted = "10.0.0.0/8,localhost,127.0.0.1,a.example.com,.cluster.local";
        assert_eq!(value("NO_PROXY"), (excepted.into(), 6));
        let without = text.replace("\"network\"", "\"other\"");
        assert!(named(&PARSER, &without).all::<EnvironmentFile>().is_empty());
    }

    #[test]
    fn settings_that_do_not_tell_who_the_kubelet_is_make_no_kubeconfig() {
        assert!(read("other").all::<Kubeconfig>().is_empty());
    }

    #[test]
    fn the_kubelets_configuration_and_flags_are_made_of_the_settings() {
        let text = "{\"settings\": {\"kubernetes\": {\n\"api-server\": \"https://a.example.com\",\n\"authentication-mode\": \"tls\",\n\"bootstrap-token\": \"abcdef.0123456789abcdef\",\n\"cloud-provider\": \"external\",\n\"cluster-dns-ip\": \"10.100.0.10\",\n\"eviction-hard\": {\"memory.available\": \"15%\"},\n\"kube-reserved\": {\"memory\": \"1Gi\"},\n\"node-labels\": {\"a\": \"b\", \"c\": \"\"},\n\"node-taints\": {\"dedicated\": [\"x:NoSchedule\", \"y:NoExecute\"]},\n\"server-tls-bootstrap\": true,\n\"cluster-certificate\": \"bm8gUEVN\",\n\"static-pods\": {\"p\": {\"enabled\": true, \"manifest\": \"a2luZDogUG9kCm1ldGFkYXRhOgogIG5hbWU6IHAK\"}, \"q\": {\"enabled\": false}}\n}}}\n";
        let evidence = named(&PARSER, text);
        let config = &evidence.all::<KubeletConfig>()[0].value;
        assert_eq!(config.kind_ok(), Some(true));
        let root = &config.content.as_ref().unwrap().root;
        assert_eq!(root.at("clusterDNS").unwrap().items().len(), 1);
        assert_eq!(root.get("evictionHard").unwrap().line, 7);
        assert_eq!(root.at("kubeReserved.memory").unwrap().text(), Some("1Gi"));
        assert_eq!(root.get("serverTLSBootstrap").unwrap().bool(), Some(true));
        let flags = &evidence.all::<ArgumentsFile>()[0].value;
        let flag = |name: &str| {
            let own = flags
                .arguments
                .iter()
                .find(|(_, flag)| flag.starts_with(name));
            own.map(|(line, flag)| (*line, flag.split_once('=').unwrap().1.to_owned()))
        };
        assert_eq!(flag("--cloud-provider"), Some((5, "external".to_owned())));
        assert_eq!(flag("--node-labels"), Some((9, "a=b,c=".to_owned())));
        assert_eq!(
            flag("--register-with-taints"),
            Some((
                10,
                "dedicated=x:NoSchedule,dedicated=y:NoExecute".to_owned()
            ))
        );
        let paths: Vec<_> = evidence
            .all::<Kubeconfig>()
            .iter()
            .map(|file| file.value.path.clone().unwrap())
            .collect();
        assert_eq!(paths, [KUBECONFIG, BOOTSTRAP]);
        let pods = evidence.all::<static_pod::StaticPod>();
        assert_eq!((pods.len(), pods[0].value.name.as_deref()), (1, Some("p")));
        assert_eq!(
            evidence.all::<pem_file::PemFile>()[0].value.path.as_deref(),
            Some(CA)
        );
    }
}
