//! What containerd's configuration amounts to: its dump, or its file with imports and defaults.

use crate::evidence::{Evidence, Sourced};
use crate::origin::Origin;
use crate::parse::containerd_config::ContainerdConfig;
use crate::tree::Node;

/// The configuration files of containerd, the one that wins first.
#[derive(Debug, Clone)]
pub struct Containerd<'a> {
    layers: Vec<&'a Sourced<ContainerdConfig>>,
    /// The main file, when it was sent; it may be unreadable.
    pub main: Option<&'a Sourced<ContainerdConfig>>,
}

/// Main files, in the order in which they are looked for.
const MAIN: &[&str] = &[
    "/var/lib/rancher/k3s/agent/etc/containerd/config.toml",
    "/var/lib/rancher/rke2/agent/etc/containerd/config.toml",
    "/var/snap/microk8s/current/args/containerd.toml",
    "/etc/k0s/containerd.toml",
    "/etc/cri/containerd.toml",
    "/etc/containerd/config.toml",
];

impl<'a> Containerd<'a> {
    /// Finds the configuration; `None` when nothing of it was sent.
    pub fn of(evidence: &'a Evidence) -> Option<Self> {
        let all = evidence.all::<ContainerdConfig>();
        let main = MAIN
            .iter()
            .find_map(|path| {
                all.iter()
                    .find(|one| one.value.path.as_deref() == Some(path))
            })
            .or_else(|| {
                all.iter()
                    .find(|one| one.value.path.is_none() && !one.value.dump)
            });
        let dump = all
            .iter()
            .find(|one| one.value.dump && one.value.content.is_ok());
        let mut layers: Vec<&Sourced<ContainerdConfig>> = dump.into_iter().collect();
        if layers.is_empty() {
            let imports = main.map(imports).unwrap_or_default();
            let imported = all.iter().filter(|one| {
                let path = one.value.path.as_deref();
                path.is_some_and(|path| imports.iter().any(|pattern| is_imported(pattern, path)))
            });
            layers.extend(imported);
            layers.sort_by(|a, b| b.value.path.cmp(&a.value.path));
            layers.extend(main);
        }
        (!layers.is_empty() || main.is_some()).then_some(Self { layers, main })
    }

    /// Whether all of it can be read, and the place: the unreadable line, else the file.
    pub fn parses(&self) -> Option<(bool, Origin)> {
        let broken = self.layers.iter().chain(&self.main).find_map(|one| {
            let error = one.value.content.as_ref().err()?;
            Some((false, Origin::line(one.origin.entry.clone(), error.line)))
        });
        broken.or_else(|| Some((true, self.layers.first()?.origin.clone())))
    }

    /// Whether it was read whole, so that its defaults hold for what it does not say.
    pub fn is_known(&self) -> bool {
        let whole = |one: &&Sourced<ContainerdConfig>| {
            one.value.dump || one.value.path.is_some() || one.value.version().is_some()
        };
        self.layers.iter().all(|one| one.value.content.is_ok()) && self.layers.iter().any(whole)
    }

    /// Where it was read.
    pub fn origin(&self) -> Option<Origin> {
        self.layers.first().map(|one| one.origin.clone())
    }

    /// A value of the CRI plugin's runtime half.
    pub fn runtime(&self, keys: &[&str]) -> Option<(&'a Node, Origin)> {
        self.find(|config| config.runtime(keys))
    }

    /// A value of the CRI plugin's image half.
    pub fn images(&self, keys: &[&str]) -> Option<(&'a Node, Origin)> {
        self.find(|config| config.images(keys))
    }

    /// A value at the top.
    pub fn top(&self, key: &str) -> Option<(&'a Node, Origin)> {
        self.find(|config| config.content.as_ref().ok()?.get(key))
    }

    fn find(
        &self,
        pick: impl Fn(&'a ContainerdConfig) -> Option<&'a Node>,
    ) -> Option<(&'a Node, Origin)> {
        self.layers.iter().find_map(|one| {
            let node = pick(&one.value)?;
            Some((node, Origin::line(one.origin.entry.clone(), node.line)))
        })
    }

    /// Name of the runtime that pods get, `runc` when none is named.
    pub fn default_runtime(&self) -> &'a str {
        let named = self.runtime(&["containerd", "default_runtime_name"]);
        named
            .and_then(|(node, _)| node.text())
            .filter(|name| !name.is_empty())
            .unwrap_or("runc")
    }

    /// Whether pods are put in cgroups of systemd, and where that is said; `None` where nothing says it.
    pub fn systemd_cgroup(&self) -> Option<(bool, Origin)> {
        let name = self.default_runtime();
        let options = ["containerd", "runtimes", name, "options", "SystemdCgroup"];
        let said = |keys: &[&str]| {
            let (node, origin) = self.runtime(keys)?;
            Some((node.bool()?, origin))
        };
        let old = said(&["systemd_cgroup"]).filter(|(systemd, _)| *systemd);
        said(&options).or(old)
    }

    /// Whether the runtime that pods get is defined, and where it is named.
    pub fn default_is_defined(&self) -> Option<(bool, Origin)> {
        let name = self.default_runtime();
        let named = self.runtime(&["containerd", "default_runtime_name"]);
        let defined = self.runtime(&["containerd", "runtimes", name]);
        match (defined, named) {
            (Some((_, origin)), _) => Some((true, origin)),
            // The built-in defaults define runc.
            (None, _) if name == "runc" => Some((true, self.origin()?)),
            (None, Some((_, origin))) => Some((false, origin)),
            (None, None) => None,
        }
    }
}

fn imports(main: &Sourced<ContainerdConfig>) -> Vec<&str> {
    let node = main
        .value
        .content
        .as_ref()
        .ok()
        .and_then(|root| root.get("imports"));
    node.map_or(&[][..], Node::items)
        .iter()
        .filter_map(Node::text)
        .collect()
}

fn is_imported(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        Some((front, back)) => path
            .strip_prefix(front)
            .and_then(|rest| rest.strip_suffix(back))
            .is_some_and(|name| !name.contains('/')),
        None => pattern == path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toml;

    fn with(files: &[(&str, &str)]) -> Evidence {
        let mut evidence = Evidence::default();
        for (path, text) in files {
            let config = ContainerdConfig {
                path: (!path.is_empty()).then(|| (*path).to_owned()),
                dump: path.is_empty(),
                content: toml::parse(text),
            };
            evidence.push(config, Origin::entry(*path));
        }
        evidence
    }

    const MAIN_FILE: &str = "/etc/containerd/config.toml";

    #[test]
    fn the_options_of_the_runtime_that_pods_get_decide() {
        let text = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\ndefault_runtime_name = \"nvidia\"\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\nSystemdCgroup = true\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.nvidia.options]\nSystemdCgroup = false\n";
        let evidence = with(&[(MAIN_FILE, text)]);
        let containerd = Containerd::of(&evidence).unwrap();
        let (systemd, origin) = containerd.systemd_cgroup().unwrap();
        assert_eq!((systemd, origin.line), (false, Some(7)));
        assert!(containerd.default_is_defined().unwrap().0);
    }

    #[test]
    fn a_default_runtime_that_nothing_defines_is_told_with_its_line() {
        let text = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\ndefault_runtime_name = \"nvidia\"\n";
        let evidence = with(&[(MAIN_FILE, text)]);
        let (defined, origin) = Containerd::of(&evidence)
            .unwrap()
            .default_is_defined()
            .unwrap();
        assert_eq!((defined, origin.line), (false, Some(3)));
        let plain = with(&[(MAIN_FILE, "version = 2\n")]);
        assert!(
            Containerd::of(&plain)
                .unwrap()
                .default_is_defined()
                .unwrap()
                .0
        );
    }

    #[test]
    fn imports_win_over_the_main_file_and_a_dump_over_both() {
        let main = "version = 2\nimports = [\"/etc/containerd/conf.d/*.toml\"]\ndisabled_plugins = [\"a\"]\n";
        let part = "version = 2\ndisabled_plugins = [\"b\"]\n";
        let other = "version = 2\ndisabled_plugins = [\"c\"]\n";
        let files = [
            (MAIN_FILE, main),
            ("/etc/containerd/conf.d/10.toml", part),
            ("/etc/containerd/unused.toml", other),
        ];
        let first = |evidence: &Evidence| {
            let containerd = Containerd::of(evidence).unwrap();
            let (node, _) = containerd.top("disabled_plugins").unwrap();
            node.items()[0].text().unwrap().to_owned()
        };
        assert_eq!(first(&with(&files)), "b");
        let mut with_dump = files.to_vec();
        with_dump.push(("", "version = 2\ndisabled_plugins = [\"d\"]\n"));
        assert_eq!(first(&with(&with_dump)), "d");
    }

    #[test]
    fn a_broken_file_is_broken_whatever_else_was_sent() {
        let evidence = with(&[(MAIN_FILE, "version = 2\n[plugins\n")]);
        let (parses, origin) = Containerd::of(&evidence).unwrap().parses().unwrap();
        assert_eq!((parses, origin.line), (false, Some(2)));
    }
}
