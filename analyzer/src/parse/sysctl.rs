//! Kernel settings: `sysctl -a`, files below `/proc/sys`, `facts/sysctls.json`.

use crate::entry::{Entry, numbered};
use crate::evidence::Evidence;
use crate::json::Document;
use crate::observed::Sysctl;
use crate::origin::Origin;
use crate::parser::Parser;
use crate::source::Source;
use serde_json::Value;

pub(super) const PARSER: Parser = Parser {
    name: "sysctl",
    kind: "kernel settings",
    facts: &[],
    accepts: |entry| match &entry.source {
        Source::Facts(topic) => topic == "sysctls",
        Source::File(path) => path.starts_with("/proc/sys/") && !path.contains("/random/"),
        _ => {
            entry.may_be_output_of(&["sysctl"])
                && entry
                    .head()
                    .lines()
                    .take(5)
                    .filter(|line| setting(line).is_some())
                    .count()
                    > 0
        }
    },
    parse,
};

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    match &entry.source {
        Source::Facts(_) => listed(entry, &text, evidence),
        Source::File(path) => {
            let name = path.trim_start_matches("/proc/sys/").replace('/', ".");
            let value = text.trim().to_owned();
            evidence.push(Sysctl { name, value }, entry.at(1));
        }
        _ => {
            for (line, content) in numbered(&text) {
                if let Some((name, value)) =
                    setting(content).filter(|(name, _)| worth_keeping(name))
                {
                    evidence.push(
                        Sysctl {
                            name: name.to_owned(),
                            value: value.to_owned(),
                        },
                        entry.at(line),
                    );
                }
            }
        }
    }
}

fn listed(entry: &Entry, text: &str, evidence: &mut Evidence) {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(problem) => return evidence.gap(entry.name.as_ref(), problem, &["host.sysctls"]),
    };
    for (line, item) in document.items("sysctls") {
        let text = |key: &str| item.get(key).and_then(Value::as_str).map(str::to_owned);
        if let (Some(name), Some(value)) = (text("name"), text("value")) {
            evidence.push(
                Sysctl { name, value },
                Origin {
                    line,
                    ..entry.whole()
                },
            );
        }
    }
}

/// `net.ipv4.ip_forward = 1`
fn setting(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line
        .split_once(" = ")
        .or_else(|| line.strip_suffix(" =").map(|name| (name, "")))?;
    let dotted = name.contains('.')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte));
    let root = name.split(['.', '/']).next().unwrap_or_default();
    (dotted && ROOTS.contains(&root)).then_some((name, value.trim()))
}

/// `sysctl -a` prints a thousand settings of single interfaces.
fn worth_keeping(name: &str) -> bool {
    !name.contains(".conf.") && !name.contains(".neigh.") && !name.contains("sched_domain")
        || name.contains(".conf.all.")
        || name.contains(".conf.default.")
}

/// Folders below `/proc/sys`.
const ROOTS: &[&str] = &[
    "abi", "crypto", "debug", "dev", "fs", "kernel", "net", "sunrpc", "user", "vm",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{facts, file, named};

    #[test]
    fn three_forms_give_one_name() {
        for evidence in [
            named(
                &PARSER,
                "net.ipv4.ip_forward = 1\nnet.ipv4.conf.eth0.forwarding = 1\n",
            ),
            file(&PARSER, "/proc/sys/net/ipv4/ip_forward", "1\n"),
            facts(
                &PARSER,
                "sysctls",
                "{\"sysctls\":[\n{\"name\":\"net.ipv4.ip_forward\",\"value\":\"1\"}\n]}",
            ),
        ] {
            let all = evidence.all::<Sysctl>();
            assert_eq!(all.len(), 1);
            assert_eq!(
                (all[0].value.name.as_str(), all[0].value.value.as_str()),
                ("net.ipv4.ip_forward", "1")
            );
        }
    }
}
