//! Docker's configuration: `/etc/docker/daemon.json`.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::parser::Parser;
use crate::source::Source;
use crate::tree::Node;
use crate::yaml;

/// Reads Docker's configuration.
pub const PARSER: Parser = Parser {
    name: "docker_config",
    kind: "Docker configuration",
    facts: &[],
    accepts,
    parse,
};

/// Docker's `daemon.json`.
#[derive(Debug, Clone, PartialEq)]
pub struct DockerConfig {
    /// Its content; `None` when it is not JSON.
    pub content: Option<Node>,
}

impl DockerConfig {
    /// The cgroup driver that it sets, and the line.
    pub fn cgroup_driver(&self) -> Option<(&str, u64)> {
        let options = self.content.as_ref()?.get("exec-opts")?;
        options.items().iter().find_map(|option| {
            let driver = option.text()?.strip_prefix("native.cgroupdriver=")?;
            Some((driver, option.line))
        })
    }
}

fn accepts(entry: &Entry) -> bool {
    match &entry.source {
        Source::File(path) => path == "/etc/docker/daemon.json",
        Source::Named(_) => entry.text().contains("\"native.cgroupdriver="),
        _ => false,
    }
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let content = match yaml::parse(&entry.text()) {
        Ok(document) => Some(document.root),
        Err(error) => {
            let problem = error.to_string().replace("YAML", "JSON");
            evidence.gap(entry.name.to_string(), problem, &["runtime.cgroup_driver"]);
            None
        }
    };
    evidence.push(DockerConfig { content }, entry.whole());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cgroup_driver_stands_in_a_list_of_options() {
        let entry = Entry {
            name: "daemon.json".into(),
            source: Source::File("/etc/docker/daemon.json".into()),
            bytes: b"{\n \"exec-opts\": [\"a=b\",\n  \"native.cgroupdriver=systemd\"]\n}\n"
                .to_vec(),
        };
        let mut evidence = Evidence::default();
        parse(&entry, &mut evidence);
        let config = &evidence.all::<DockerConfig>()[0].value;
        assert_eq!(config.cgroup_driver(), Some(("systemd", 3)));
    }
}
