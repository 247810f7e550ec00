//! Settings of Bottlerocket as `apiclient get` prints them: the kubelet's kubeconfig is made of them, from the same template on every node.

use crate::claim::{Witness, claim};
use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::parse::kubeconfig::Kubeconfig;
use crate::parser::Parser;
use crate::source::Source;
use crate::tree::{Node, Pair, Value};
use crate::yaml::{self, Document};

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

/// Where the template is written to.
const PATH: &str = "/etc/kubernetes/kubelet/kubeconfig";

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
    let kubernetes = settings.get("kubernetes");
    if let Some(root) = kubernetes.and_then(kubeconfig) {
        let file = Kubeconfig {
            path: Some(PATH.to_owned()),
            content: Ok(Document {
                root,
                duplicates: Vec::new(),
            }),
        };
        evidence.push(file, entry.whole());
    }
}

/// The kubeconfig of these settings; `None` where they do not name a server, or how the kubelet shows who it is.
fn kubeconfig(settings: &Node) -> Option<Node> {
    let server = settings.get("api-server")?;
    let mode = settings.get("authentication-mode")?;
    let at = |value: Value| Node {
        value,
        line: mode.line,
        column: mode.column,
    };
    let text = |text: &str| at(Value::Text(text.to_owned()));
    let map = |pairs: Vec<(&str, Node)>| {
        let pair = |(key, value): (&str, Node)| Pair {
            key: key.to_owned(),
            line: value.line,
            value,
        };
        at(Value::Map(pairs.into_iter().map(pair).collect()))
    };
    let list = |item: Node| at(Value::List(vec![item]));
    let user = match mode.text()? {
        "aws" => map(vec![(
            "exec",
            map(vec![
                ("apiVersion", text("client.authentication.k8s.io/v1beta1")),
                ("command", text("/usr/bin/aws-iam-authenticator")),
            ]),
        )]),
        "tls" => map(vec![
            ("client-certificate", text(CERTIFICATE)),
            ("client-key", text(CERTIFICATE)),
        ]),
        _ => return None,
    };
    let cluster = map(vec![
        ("certificate-authority", text("/etc/kubernetes/pki/ca.crt")),
        ("server", server.clone()),
    ]);
    let context = map(vec![
        ("cluster", text("kubernetes")),
        ("user", text("kubelet")),
    ]);
    let named = |name: &str, key: &'static str, value: Node| {
        list(map(vec![("name", text(name)), (key, value)]))
    };
    Some(map(vec![
        ("apiVersion", text("v1")),
        ("kind", text("Config")),
        ("clusters", named("kubernetes", "cluster", cluster)),
        ("contexts", named("kubelet", "context", context)),
        ("current-context", text("kubelet")),
        ("users", named("kubelet", "user", user)),
    ]))
}

const CERTIFICATE: &str = "/var/lib/kubelet/pki/kubelet-client-current.pem";

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
    fn settings_that_do_not_tell_who_the_kubelet_is_make_no_kubeconfig() {
        assert!(read("other").all::<Kubeconfig>().is_empty());
    }
}
