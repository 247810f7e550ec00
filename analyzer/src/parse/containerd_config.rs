//! containerd's configuration: `config.toml`, its imports, and what `containerd config dump` prints.

use crate::entry::Entry;
use crate::evidence::Evidence;
use crate::parser::Parser;
use crate::source::Source;
use crate::toml::{self, TomlError};
use crate::tree::Node;

/// Reads containerd's configuration.
pub const PARSER: Parser = Parser {
    name: "containerd_config",
    kind: "containerd configuration",
    facts: &[],
    accepts,
    parse,
};

/// A configuration of containerd, readable or not.
#[derive(Debug, Clone, PartialEq)]
pub struct ContainerdConfig {
    /// Absolute path on the node; `None` for a dump, or where only the text was sent.
    pub path: Option<String>,
    /// Whether it is a dump, in which every default is filled in.
    pub dump: bool,
    /// Its content, or where it stops being TOML.
    pub content: Result<Node, TomlError>,
}

const MAIN_FILE: &str = "/etc/containerd/config.toml";

impl ContainerdConfig {
    /// The version that it states; `None` when it states none, which containerd takes for 1.
    pub fn version(&self) -> Option<&Node> {
        self.content.as_ref().ok()?.get("version")
    }

    /// A value of the CRI plugin's runtime half, wherever that stands in this version of the format.
    pub fn runtime(&self, keys: &[&str]) -> Option<&Node> {
        self.plugin(
            &[
                "io.containerd.cri.v1.runtime",
                "io.containerd.grpc.v1.cri",
                "cri",
            ],
            keys,
        )
    }

    /// A value of the CRI plugin's image half.
    pub fn images(&self, keys: &[&str]) -> Option<&Node> {
        self.plugin(&["io.containerd.cri.v1.images"], keys)
    }

    fn plugin(&self, names: &[&str], keys: &[&str]) -> Option<&Node> {
        let plugins = self.content.as_ref().ok()?.get("plugins")?;
        let mut known = names.iter().filter(|name| self.knows(name));
        known.find_map(|name| plugins.get(name)?.under(keys))
    }

    /// A file that states no version has the first one, which names plugins without their type: containerd 1 passes over
    /// `io.containerd.…` there without a word. Of a fragment that somebody sent the version is not known.
    fn knows(&self, plugin: &str) -> bool {
        let first =
            self.path.as_deref() == Some(MAIN_FILE) && !self.dump && self.version().is_none();
        !first || !plugin.contains('.')
    }
}

fn accepts(entry: &Entry) -> bool {
    match &entry.source {
        Source::File(path) => is_usual(path),
        Source::Command(command) => command.starts_with("containerd config"),
        Source::Named(_) => is_containerd(&entry.text()),
        _ => false,
    }
}

fn is_usual(path: &str) -> bool {
    const FOLDERS: &[&str] = &[
        "/etc/containerd/",
        "/etc/cri/",
        "/var/lib/rancher/k3s/agent/etc/containerd/",
        "/var/lib/rancher/rke2/agent/etc/containerd/",
        "/etc/k0s/",
        "/run/k0s/",
        "/var/snap/microk8s/current/args/",
    ];
    let is_toml = path.rsplit('.').next() == Some("toml");
    is_toml && !path.contains("certs.d") && FOLDERS.iter().any(|folder| path.starts_with(folder))
}

fn is_containerd(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim();
        line.starts_with("[plugins.\"io.containerd.")
            || line.starts_with("[plugins.'io.containerd.")
            || line.starts_with("[plugins.cri")
            || line.starts_with("disabled_plugins")
    })
}

fn parse(entry: &Entry, evidence: &mut Evidence) {
    let text = entry.text();
    let content = toml::parse(&without_log_lines(&text));
    let dump = match &entry.source {
        Source::Command(command) => command.contains("dump"),
        // Only a dump names its imports and has every plugin.
        _ => text.contains("plugin_dir = \"\"") && text.contains("required_plugins ="),
    };
    if let Err(error) = content {
        let facts = ["runtime.cgroup_driver", "runtime.disabled_plugins"];
        evidence.gap(entry.name.to_string(), error.to_string(), &facts);
    }
    let config = ContainerdConfig {
        path: entry.path().map(str::to_owned),
        dump: dump && entry.path().is_none(),
        content,
    };
    evidence.push(config, entry.whole());
}

/// The text with the warnings that `containerd config dump` prints before it made empty, so that lines keep their numbers.
fn without_log_lines(text: &str) -> String {
    let is_log = |line: &str| {
        line.starts_with("time=\"") || line.starts_with("WARN[") || line.starts_with("INFO[")
    };
    text.lines()
        .map(|line| if is_log(line) { "" } else { line })
        .flat_map(|line| [line, "\n"])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (ContainerdConfig, Evidence) {
        let entry = Entry {
            name: "config.toml".into(),
            source: Source::File("/etc/containerd/config.toml".into()),
            bytes: text.as_bytes().to_vec(),
        };
        assert!(accepts(&entry));
        let mut evidence = Evidence::default();
        parse(&entry, &mut evidence);
        (
            evidence.all::<ContainerdConfig>()[0].value.clone(),
            evidence,
        )
    }

    #[test]
    fn the_cri_plugin_is_found_in_every_version_of_the_format() {
        for text in [
            "[plugins.cri.containerd.runtimes.runc.options]\nSystemdCgroup = true\n",
            "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\nSystemdCgroup = true\n",
            "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]\nSystemdCgroup = true\n",
        ] {
            let (config, _) = read(text);
            let keys = ["containerd", "runtimes", "runc", "options", "SystemdCgroup"];
            assert_eq!(
                config.runtime(&keys).and_then(Node::bool),
                Some(true),
                "{text}"
            );
        }
    }

    #[test]
    fn warnings_before_a_dump_are_passed_over() {
        let text = "time=\"2026-11-22T07:49:53Z\" level=warning msg=\"migrated\"\nversion = 3\n";
        let (config, evidence) = read(text);
        assert_eq!(config.version().unwrap().line, 2);
        assert!(evidence.gaps.is_empty());
    }

    #[test]
    fn a_broken_file_is_a_gap_with_its_line() {
        let (config, evidence) = read("version = 2\n[plugins\n");
        assert!(config.content.is_err());
        assert_eq!(evidence.gaps[0].problem, "line 2 is not TOML");
    }

    #[test]
    fn a_posted_fragment_is_recognised_by_its_plugin() {
        let entry = Entry {
            name: "x".into(),
            source: Source::Named("x".into()),
            bytes: b"  [plugins.\"io.containerd.grpc.v1.cri\".cni]\n    bin_dir = \"/x\"\n"
                .to_vec(),
        };
        assert!(accepts(&entry));
    }

    #[test]
    fn without_a_version_the_long_names_of_plugins_count_for_nothing() {
        let text = "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\nSystemdCgroup = true\n";
        let keys = ["containerd", "runtimes", "runc", "options", "SystemdCgroup"];
        let config = |path: Option<&str>| ContainerdConfig {
            path: path.map(str::to_owned),
            dump: false,
            content: toml::parse(text),
        };
        assert!(config(Some(MAIN_FILE)).runtime(&keys).is_none());
        assert!(config(None).runtime(&keys).is_some());
    }
}
