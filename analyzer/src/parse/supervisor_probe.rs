//! `probes/supervisor.json` of our own bundle: what the servers that k3s and RKE2 join through answer to anybody.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::json::Document;
use crate::observed::{Supervisor, TokenHash};
use crate::origin::Origin;
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value;

pub(super) const PARSER: Parser = Parser {
    name: "supervisor_probe",
    kind: "probe of supervisors",
    facts: &[],
    accepts: |entry| matches!(&entry.source, Source::Probe(name) if name == "supervisor"),
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let document = match Document::parse(&text) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["supervisor"]),
    };
    let hash = document.value.pointer("/token/ca_hash");
    if let Some(hash) = hash.and_then(Value::as_str) {
        let line = Document::key_line(&text, "token");
        let origin = line.map_or_else(|| entry.whole(), |line| entry.at(line));
        evidence.push(TokenHash(hash.to_owned()), origin);
    }
    for (line, endpoint) in document.items("endpoints") {
        let addresses = endpoint.get("addresses").and_then(Value::as_array);
        for address in addresses.into_iter().flatten() {
            let tcp = address.get("tcp").and_then(Value::as_str);
            let url = endpoint.get("url").and_then(Value::as_str);
            let supervisor = Supervisor {
                url: url.unwrap_or_default().to_owned(),
                tcp: tcp.map(str::to_owned),
                ca_hash: ca_hash(address),
                only_balancer: only_balancer(endpoint),
            };
            let origin = Origin {
                line,
                ..entry.whole()
            };
            evidence.push(supervisor, origin);
        }
    }
}

/// k3s and RKE2 keep the servers of their local balancers in files of this name; such a file can outlive its servers.
fn only_balancer(endpoint: &Value) -> bool {
    let files = endpoint.get("used_by").and_then(Value::as_array);
    let mut files = files
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .peekable();
    files.peek().is_some() && files.all(|path| path.ends_with("load-balancer.json"))
}

fn ca_hash(address: &Value) -> Option<String> {
    let answers = address.get("http")?.as_array()?;
    let mut hashes = answers
        .iter()
        .filter_map(|answer| answer.pointer("/authorities/sha256")?.as_str());
    hashes.next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::probe;

    #[test]
    fn the_hashes_of_token_and_server_are_read() {
        let text = "{\n \"token\": {\"path\":\"/etc/x\",\"ca_hash\":\"aa\"},\n \"endpoints\": [\n  {\"url\":\"https://a:9345\",\"addresses\":[{\"tcp\":\"connected\",\"http\":[{\"path\":\"/cacerts\",\"status\":200,\"authorities\":{\"sha256\":\"bb\"}}]},{\"tcp\":\"refused\"}]}\n ]\n}";
        let evidence = probe(&PARSER, "supervisor", text);
        assert_eq!(evidence.all::<TokenHash>()[0].value.0, "aa");
        let all = evidence.all::<Supervisor>();
        assert_eq!(all[0].value.ca_hash.as_deref(), Some("bb"));
        assert_eq!(all[1].value.tcp.as_deref(), Some("refused"));
        assert_eq!(all[0].origin.line, Some(4));
        assert!(!all[0].value.only_balancer);
    }

    #[test]
    fn a_server_that_only_a_balancers_state_names_is_told_apart() {
        for (files, only) in [
            (r#"["/x/agent/etc/k3s-agent-load-balancer.json"]"#, true),
            (
                r#"["/etc/rancher/k3s/config.yaml","/x/k3s-agent-load-balancer.json"]"#,
                false,
            ),
        ] {
            let text = format!(
                "{{\n \"endpoints\": [\n  {{\"url\":\"https://a:6443\",\"used_by\":{files},\"addresses\":[{{\"tcp\":\"refused\"}}]}}\n ]\n}}"
            );
            let evidence = probe(&PARSER, "supervisor", &text);
            assert_eq!(evidence.all::<Supervisor>()[0].value.only_balancer, only);
        }
    }
}
